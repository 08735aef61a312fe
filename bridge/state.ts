/** How far a desktop is. `waiting`: another pod has the home, or has died with it a moment ago. */
export type Phase = 'checking' | 'waiting' | 'starting' | 'ready' | 'stopping' | 'fenced'

/** What `/state` answers. Times in RFC 3339, UTC, by this PC's clock; spans are by its monotonic clock. */
export interface BridgeState {
  readonly version: string
  readonly phase: Phase
  /** For people: what is waited for, or what is wrong. */
  readonly reason?: string
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

/** The desktop as it stands; changed by `main.ts` alone, and by input. */
export interface Standing {
  phase: Phase
  reason: string | undefined
  home: boolean
  generation: number | undefined
  readonly startedAt: Date
  lastInput: Date
  /** Monotonic, in milliseconds. */
  lastInputAt: number
}

export function stateOf(standing: Standing, viewers: number, version: string, now: number): BridgeState {
  const { phase, reason, home, generation, startedAt, lastInput, lastInputAt } = standing
  return {
    version,
    phase,
    ...(reason === undefined ? {} : { reason }),
    home,
    generation: generation ?? null,
    fenced: phase === 'fenced',
    viewers,
    startedAt: startedAt.toISOString(),
    lastInput: lastInput.toISOString(),
    idleSeconds: Math.floor((now - lastInputAt) / 1_000),
  }
}
