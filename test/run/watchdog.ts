/** Barks when nothing has been heard for too long; again after as long, until it is ended. */
export interface Watchdog {
  heard(): void
  end(): void
}

/** @param patience milliseconds @param bark called with how often it has barked since it last heard anything */
export function watchdog(patience: number, bark: (times: number) => void): Watchdog {
  let times = 0
  const timer = setInterval(() => bark(++times), patience)
  return {
    heard() {
      times = 0
      timer.refresh()
    },
    end: () => clearInterval(timer),
  }
}
