/** When a session that ended is started again, and with what: from its lives so far. Milliseconds throughout. */

/** One life of the X server and XFCE, from its start to its end. */
export interface Life {
  readonly lasted: number
  /** Whether there was a desktop to be seen. */
  readonly ready: boolean
  /** The part that ended first. */
  readonly by: string
  /** In words, for the log and the administrator. */
  readonly how: string
}

export interface NextLife {
  /** Until it begins. */
  readonly pause: number
  /** Whether it is to do without the settings of the home, since these may be what ends it. */
  readonly bare: boolean
  /** Lives in a row that failed, where these are so many that the person is to be told. */
  readonly failed?: number
}

/** A life that was so long is no failure. */
const STEADY = 60_000
/** After an end that nobody expected. */
const SOON = 200
const LONGEST = 60_000
/** Failures in a row that end the trust in the home's settings, and those of which the person is told. */
const [TRUST, TOLD] = [2, 3]

/** Parts that read the home's settings. */
export const BY_SETTINGS: readonly string[] = ['xfce4-session', 'window manager']

export function nextLife(lives: readonly Life[]): NextLife {
  const steady = lives.findLastIndex(({ ready, lasted }) => ready && lasted >= STEADY)
  const failed = lives.slice(steady + 1)
  const bare = failed.length >= TRUST && failed.slice(-TRUST).every(({ by }) => BY_SETTINGS.includes(by))
  return {
    pause: failed.length === 0 ? SOON : Math.min(LONGEST, (SOON / 2) * 2 ** failed.length),
    bare,
    ...(failed.length >= TOLD ? { failed: failed.length } : {}),
  }
}
