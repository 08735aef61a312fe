import type { Effect } from './effect.ts'
import type { Operation, Phase, State, Told } from './state.ts'

/** What a look comes to, phase by phase. */
export interface Turn {
  readonly state: State
  readonly effect?: Effect
  readonly events: readonly Told[]
  /** Nothing more can be decided before somebody looks again. */
  readonly rests: boolean
}

export const told = (reason: string, message: string, node?: string): Told => ({ reason, message, node })

export const turn = (state: State, ...events: readonly Told[]): Turn => ({ state, events, rests: false })

export const resting = (state: State, operation: Operation, waiting: string): Turn => ({
  state: { ...state, operation: { ...operation, waiting } },
  events: [],
  rests: true,
})

/** The operation at the beginning of a phase. */
export const entering = (phase: Phase, operation: Operation, now: number): Operation => ({
  ...operation,
  phase,
  since: now,
  tries: 0,
  intent: undefined,
  waiting: undefined,
})
