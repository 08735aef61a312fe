import { refusalOf } from './admit.ts'
import { undecided } from './detect.ts'
import type { Effect } from './effect.ts'
import { ended, undoing } from './ending.ts'
import type { Guard } from './guards.ts'
import { explain, judge } from './heir.ts'
import { isReversible, nextPhase, RULES } from './phases.ts'
import type { Operation, Told } from './state.ts'
import { isStorm } from './storm.ts'
import { entering, resting, type Turn, told, turn } from './turn.ts'
import { nodeOf, type View } from './view.ts'

/** How an operation goes on. */

/** Goes on through the phases until there is something to do, or to wait for. */
export function advance(view: View, guards: readonly Guard[]): Omit<Turn, 'rests'> {
  const events: Told[] = []
  let state = view.state
  for (;;) {
    const { operation } = state
    const halt = view.facts.orders.halt ?? state.halted?.why
    if (operation === undefined || halt !== undefined || view.policy.mode !== 'Act') return { state, events }
    const next = phaseTurn({ ...view, state }, operation, guards)
    events.push(...next.events)
    if (next.rests) return { ...next, events }
    state = next.state
  }
}

function phaseTurn(view: View, operation: Operation, guards: readonly Guard[]): Turn {
  const { state, now } = view
  const drops = isReversible(view, operation) ? dropped(view, operation) : undefined
  if (drops !== undefined) return undoing(view, operation, drops)
  const outcome = RULES[operation.phase].does(view, operation)
  switch (outcome.is) {
    case 'done':
      return onwards(view, { ...operation, heir: outcome.heir ?? operation.heir })
    case 'again':
      return turn({ ...state, operation: { ...operation, tries: operation.tries + 1 } })
    case 'failed':
      return undoing(view, operation, outcome.why, outcome.excludes)
    case 'wait':
      return overdue(view, operation, outcome.why) ?? resting(state, operation, outcome.why)
    case 'do': {
      const { effect } = outcome
      const intended = { ...operation, intent: { effect, at: now }, waiting: undefined }
      const crowning = effect.do === 'job' && effect.step === 'join' ? 'begun' : operation.crowning
      const written = { ...state, operation: { ...intended, crowning } satisfies Operation }
      const refused = refusalOf(effect, { ...view, state: written }, guards)
      const late = overdue(view, operation, refused?.why ?? `${effect.do} is not seen to be done`)
      if (late !== undefined) return late
      if (refused !== undefined) return resting(state, operation, refused.why)
      return { state: written, effect, events: pointOfNoReturn(view, operation, effect), rests: true }
    }
  }
}

function pointOfNoReturn(view: View, operation: Operation, effect: Effect): readonly Told[] {
  const takes = effect.do === 'remove-member' || (effect.do === 'job' && effect.step === 'join')
  if (!takes || !isReversible(view, operation)) return []
  return [told('PointOfNoReturn', `${operation.id} is finished from here on, or undone with a trace`)]
}

/** Why an operation that has changed nothing yet is dropped. */
function dropped(view: View, { kind, leaving }: Operation): string | undefined {
  const { facts, state } = view
  const [pause] = facts.orders.pauses
  if (pause !== undefined) return `paused: ${pause}`
  if (isStorm(view)) return `storm: ${state.storm}`
  if (kind === 'StepDown' && leaving[0]?.name !== facts.orders.stepDown)
    return 'nobody is to step down any more'
  const names = leaving.map(({ name }) => name)
  const doubt = kind === 'Replace' ? undecided(view, names) : undefined
  if (doubt !== undefined) return doubt
  const back = leaving.find(({ name, as }) => as !== undefined && state.sick[name]?.as !== as)
  return back && `${back.name} is not as it was: ${state.sick[back.name]?.as ?? 'it is back'}`
}

/** What follows when a phase took too long; undefined while it did not. */
function overdue(view: View, operation: Operation, why: string): Turn | undefined {
  const { patience, late, excludes } = RULES[operation.phase]
  if (late === 'Stay' || view.now - operation.since <= patience) return undefined
  if (late === 'GoOn' || (late === 'Drop' && !isReversible(view, operation))) return onwards(view, operation)
  const failed = `${operation.phase} took longer than ${patience / 60_000} min: ${why}`
  return late === 'CleanUp'
    ? turn({ ...view.state, operation: { ...entering('CleanUp', operation, view.now), failed } })
    : undoing(view, operation, failed, excludes)
}

/** To the next phase, or to the end. */
function onwards(view: View, operation: Operation): Turn {
  const { state, now } = view
  const next = nextPhase(operation)
  if (next === undefined || operation.phase === 'Undo') return ended(view, operation)
  const entered = entering(next, operation, now)
  const { heir } = operation
  if (operation.phase === 'Choose' && heir !== undefined)
    return turn(
      { ...state, operation: entered },
      told('HeirChosen', [heir.why, ...others(view, heir.name)].join('. '), heir.name),
    )
  if (operation.phase !== 'Verify' || heir === undefined) return turn({ ...state, operation: entered })
  const brick = nodeOf(view, heir.name)?.brick
  const crowned = { name: heir.name, at: now, set: brick === 'none' ? undefined : brick?.set }
  return turn(
    { ...state, failures: 0, crowned, operation: { ...entered, crowning: 'done' } },
    told('Crowned', `${heir.name} is a master`, heir.name),
  )
}

/** Those that were not chosen, and why. */
const others = (view: View, heir: string): readonly string[] =>
  judge(view)
    .filter(({ name }) => name !== heir)
    .slice(0, 5)
    .map(explain)
