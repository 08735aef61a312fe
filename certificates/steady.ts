import type { Informer, KubernetesObject } from '@kubernetes/client-node'

/** An informer that goes on after errors, until it is stopped. */
export interface Steady {
  stop(): Promise<void>
}

const FIRST_PAUSE = 500
const LONGEST_PAUSE = 15_000

/**
 * Starts an informer and starts it again whenever it gives up, after pauses (ms) that double from half a
 * second to 15 s and shrink again once `alive` says that the API server answered since.
 */
export function keepSteady<T extends KubernetesObject>(
  informer: Informer<T>,
  alive: () => boolean,
  onError: (error: unknown) => void,
): Steady {
  let stopped = false
  let pause = FIRST_PAUSE
  let timer: NodeJS.Timeout | undefined
  const again = (error: unknown) => {
    if (stopped || timer) return
    onError(error)
    pause = alive() ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE)
    timer = setTimeout(() => {
      timer = undefined
      start()
    }, pause)
  }
  const start = () => {
    if (!stopped) informer.start().catch(again)
  }
  informer.on('error', again)
  start()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await informer.stop()
    },
  }
}
