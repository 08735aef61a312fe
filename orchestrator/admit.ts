import type { Effect } from './effect.ts'
import type { Facts } from './facts.ts'
import { actOf, GUARDS, type Guard } from './guards.ts'
import type { Policy } from './policy.ts'
import { remember } from './remember.ts'
import type { State } from './state.ts'
import type { View } from './view.ts'

/** Why an effect must wait, with the guard's name. */
export interface Refusal {
  readonly guard: string
  readonly why: string
}

/**
 * Whether an effect may be done now: judged right before it, on facts and on a status that were both read anew since the status
 * was written with the effect as its intent. Pure.
 */
export function admit(
  effect: Effect,
  fresh: Facts,
  state: State,
  policy: Policy,
  now: number,
  guards: readonly Guard[] = GUARDS,
): Refusal | undefined {
  return refusalOf(effect, remember(fresh, state, policy, now), guards)
}

export function refusalOf(effect: Effect, view: View, guards: readonly Guard[]): Refusal | undefined {
  const { operation } = view.state
  if (operation === undefined) return { guard: 'ours', why: 'the operation has ended in the meantime' }
  const act = actOf(effect)
  for (const { name, about, refuses } of guards) {
    const why = about.includes(act) ? refuses(effect, view, operation) : undefined
    if (why !== undefined) return { guard: name, why }
  }
  return undefined
}
