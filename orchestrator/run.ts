import { reasonOf } from '../cluster/answer.ts'
import { STEP_DOWN } from '../config/labels.ts'
import type { Clock } from '../service/clock.ts'
import { turns } from '../service/turns.ts'
import type { InTheWay } from './act/act.ts'
import { admit } from './admit.ts'
import type { Effect } from './effect.ts'
import type { Guard, GuardStore } from './guard.ts'
import type { Eyes, Look } from './observe/look.ts'
import { isWorthWriting, type Operation, type Told } from './state.ts'
import { type Step, step } from './step.ts'
import { summaryOf } from './summary.ts'
import { mastersOf } from './view.ts'

/** One look after the other: what was seen is decided upon, written down, admitted on fresh facts, and only then done. */

export interface Running {
  readonly store: GuardStore
  readonly eyes: Eyes
  /** Does an effect; what is in its way is told. */
  act(effect: Effect, operation: Operation, look: Look): Promise<InTheWay>
  readonly clock: Clock
  readonly listener: RunListener
  /** What was in the way of the last effect, for people; each look sets it anew. */
  inTheWay?: InTheWay
}

export interface RunListener {
  /** News for people, the moment that they are written down. */
  told(guard: Guard, news: readonly Told[]): Promise<void>
  looked(look: Look, took: number): void
  /** An effect was not done, and why: it must wait, or something is in the way. */
  refused(effect: Effect, why: string): void
  acted(effect: Effect, inTheWay: InTheWay): void
  failed(error: unknown): void
}

/** Ms to the next look: while something is going on, and otherwise. */
const RHYTHM = { soon: 1_000, idle: 5_000 } as const

/** Looks until the signal aborts. */
export async function run(running: Running, signal: AbortSignal): Promise<void> {
  const { clock, listener } = running
  const rest = (busy: boolean | undefined): number => (busy ? RHYTHM.soon : RHYTHM.idle)
  await turns(clock, { rest, failed: listener.failed }, signal, () => lookOnce(running, signal))
}

/** @returns whether something is going on */
export async function lookOnce(running: Running, signal: AbortSignal): Promise<boolean> {
  const { store, eyes, clock, listener } = running
  const guard = await store.read()
  const began = clock.now()
  const [decided, look] = await decide(guard, eyes, clock)
  listener.looked(look, clock.now() - began)
  if (signal.aborted) return false
  const { state, effect, events } = decided
  if (effect !== undefined || isWorthWriting(guard.state, state)) {
    const view = { facts: look.facts, state, policy: guard.policy, now: wallOf(clock) }
    const summary = summaryOf(view, look.certificates, running.inTheWay)
    running.inTheWay = undefined
    const written = await store.write(guard, state, summary)
    // Somebody else wrote: whatever was decided was decided on what is old.
    if (written === undefined) return true
    await listener.told(guard, events)
    if (effect !== undefined && state.operation !== undefined && !signal.aborted)
      await doIt(effect, state.operation, running)
  }
  await forgetStepDown(guard, decided, look, store)
  return state.operation !== undefined || Object.keys(state.sick).length > 0
}

const wallOf = (clock: Clock): number => clock.wall().getTime()

/** Who is well is seen by little; whatever is called for is decided on everything. */
async function decide(guard: Guard, eyes: Eyes, clock: Clock): Promise<readonly [Step, Look]> {
  const { state, policy, orders } = guard
  if (state.operation === undefined && state.waiting === undefined) {
    const little = await eyes.look('masters', orders)
    const quiet = step(little.facts, state, policy, wallOf(clock))
    const { operation, waiting, suggestion } = quiet.state
    if (operation === undefined && waiting === undefined && suggestion === undefined) return [quiet, little]
  }
  const look = await eyes.look('whole', orders)
  return [step(look.facts, state, policy, wallOf(clock)), look]
}

/** On facts that are read anew, the Guard too: between the decision and this moment everything may have changed. */
async function doIt(effect: Effect, { id }: Operation, running: Running): Promise<void> {
  const { store, eyes, clock, listener } = running
  const fresh = await store.read()
  const look = await eyes.look('whole', fresh.orders)
  const refusal = admit(effect, look.facts, fresh.state, fresh.policy, wallOf(clock))
  const { operation } = fresh.state
  if (refusal !== undefined || operation?.id !== id) {
    running.inTheWay = refusal?.why ?? 'the operation has ended in the meantime'
    listener.refused(effect, running.inTheWay)
    return
  }
  try {
    running.inTheWay = await running.act(effect, operation, look)
  } catch (error) {
    // It may have been done all the same: the next look says.
    running.inTheWay = reasonOf(error)
  }
  listener.acted(effect, running.inTheWay)
}

/** An order that was carried out, or names no master, is not to be carried out once more when that PC is one again. */
async function forgetStepDown(guard: Guard, { state }: Step, look: Look, store: GuardStore): Promise<void> {
  const { stepDown } = guard.orders
  const view = { facts: look.facts, state, policy: guard.policy, now: state.at }
  if (stepDown === undefined || state.operation !== undefined || look.facts.etcd === 'unread') return
  if (!mastersOf(view).includes(stepDown)) await store.forget(STEP_DOWN)
}
