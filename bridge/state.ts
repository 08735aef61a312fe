import type { Notice, Obstacle } from '../config/desktop-troubles.ts'
import type { Clock } from '../service/clock.ts'

/** How far a desktop is. `waiting`: another pod has the home, or has died with it a moment ago. */
export type Phase = 'checking' | 'waiting' | 'starting' | 'ready' | 'stopping' | 'fenced'

/** What `/state` answers. Times in RFC 3339, UTC, by this PC's clock; spans are by its monotonic clock. */
export interface BridgeState {
  readonly version: string
  readonly phase: Phase
  /** For administrators: what is waited for, or what is wrong. */
  readonly reason?: string
  /** The same in a word, where it is in the way of a desktop. */
  readonly obstacle?: Obstacle
  /** What the person is to know of a desktop that runs. */
  readonly notices: readonly Notice[]
  /** Whether the home has been found to be the person's. */
  readonly home: boolean
  /** Which pod of this home it is, counted; null until it has the home. */
  readonly generation: number | null
  readonly fenced: boolean
  readonly viewers: number
  readonly startedAt: string
  /** The last key, pointer or clipboard of the person, or `keep`; before the first, when the bridge started. */
  readonly lastInput: string
  /** Seconds since then. */
  readonly idleSeconds: number
}

/** The desktop as it stands. */
export interface Standing {
  readonly phase: Phase
  readonly reason: string | undefined
  readonly obstacle: Obstacle | undefined
  readonly notices: readonly Notice[]
  readonly home: boolean
  readonly generation: number | undefined
  readonly startedAt: Date
  readonly lastInput: Date
  /** Monotonic, in milliseconds. */
  readonly lastInputAt: number
}

/** Keeps a desktop's standing; every change of phase is logged once. */
export interface StandingKeeper {
  now(): Standing
  phase(phase: Phase, reason?: string, obstacle?: Obstacle): void
  /** What stands of the home's places, in place of what stood before. */
  places(notices: readonly Notice[]): void
  /** Whether anything can be saved at home; undefined when it can. */
  room(notice: Notice | undefined): void
  /** The home has been found to be the person's. */
  foundHome(): void
  wonHome(generation: number): void
  onInput(): void
}

export function keepStanding(
  clock: Clock,
  log: (phase: Phase, reason: string | undefined) => void,
): StandingKeeper {
  const now = (): Pick<Standing, 'lastInput' | 'lastInputAt'> => ({
    lastInput: clock.wall(),
    lastInputAt: clock.now(),
  })
  let standing: Standing = {
    phase: 'checking',
    reason: undefined,
    obstacle: undefined,
    notices: [],
    home: false,
    generation: undefined,
    startedAt: clock.wall(),
    ...now(),
  }
  let places: readonly Notice[] = []
  let room: Notice | undefined
  const notice = (): void => {
    standing = { ...standing, notices: [...(room ? [room] : []), ...places] }
  }
  return {
    now: () => standing,
    phase(phase, reason, obstacle) {
      if (standing.phase !== phase || standing.reason !== reason) log(phase, reason)
      standing = { ...standing, phase, reason, obstacle }
    },
    places(notices) {
      places = notices
      notice()
    },
    room(now) {
      room = now
      notice()
    },
    foundHome() {
      standing = { ...standing, home: true }
    },
    wonHome(generation) {
      standing = { ...standing, generation }
    },
    onInput() {
      standing = { ...standing, ...now() }
    },
  }
}

export function stateOf(standing: Standing, viewers: number, version: string, now: number): BridgeState {
  const { phase, reason, obstacle, notices, home, generation, startedAt, lastInput, lastInputAt } = standing
  return {
    version,
    phase,
    ...(reason === undefined ? {} : { reason }),
    ...(obstacle === undefined ? {} : { obstacle }),
    notices,
    home,
    generation: generation ?? null,
    fenced: phase === 'fenced',
    viewers,
    startedAt: startedAt.toISOString(),
    lastInput: lastInput.toISOString(),
    idleSeconds: Math.floor((now - lastInputAt) / 1_000),
  }
}
