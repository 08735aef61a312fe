/**
 * `orchestrator/`: Watches masters, decides on a crowning, performs its steps; etcd backups.
 *
 * A look is `facts.ts`; what is remembered between looks `state.ts`; what is called for `begin.ts`; the phases of what was begun
 * `phases.ts`; what none of them may do `guards.ts`. Nothing here acts: an effect is a value, written down before it is begun.
 */

import { refusalOf } from './admit.ts'
import { type Beginning, calledFor } from './begin.ts'
import type { Effect } from './effect.ts'
import type { Facts } from './facts.ts'
import { GUARDS, type Guard } from './guards.ts'
import { isFresh } from './heartbeat.ts'
import { explain, heirsIn, judge } from './heir.ts'
import { isReversible, nextPhase, ORDER, RULES } from './phases.ts'
import type { Policy } from './policy.ts'
import { deposedIn, remember } from './remember.ts'
import type { Kind, Operation, Phase, State, Told } from './state.ts'
import { isStorm } from './storm.ts'
import { nodeOf, type View, votersOf } from './view.ts'

export interface Step {
  /** To be written whole by compare-and-swap, before the effect is begun. */
  readonly state: State
  /** What is to be done then, if `admit` has nothing against it on facts that are read anew. */
  readonly effect: Effect | undefined
  readonly events: readonly Told[]
}

/** The next thing to do, at most one. Pure: the same facts, state and time give the same step. */
export function step(
  facts: Facts,
  before: State,
  policy: Policy,
  now: number,
  guards: readonly Guard[] = GUARDS,
): Step {
  const view = remember(facts, before, policy, now)
  const seen = news(before, view.state)
  if (policy.mode === 'Observe') return { state: view.state, effect: undefined, events: seen }
  const begun = view.state.operation === undefined ? begin(view) : turn(view.state)
  const { state, effect, events } = advance({ ...view, state: begun.state }, guards)
  return { state, effect, events: [...seen, ...begun.events, ...events] }
}

/** What one phase comes to. */
interface Turn {
  readonly state: State
  readonly effect?: Effect
  readonly events: readonly Told[]
  /** Nothing more can be decided before somebody looks again. */
  readonly rests: boolean
}

const told = (reason: string, message: string, node?: string): Told => ({ reason, message, node })
const turn = (state: State, ...events: readonly Told[]): Turn => ({ state, events, rests: false })

/** What was not so at the look before. */
function news(before: State, { sick, storm, halted, operation }: State): readonly Told[] {
  const events: Told[] = []
  for (const [name, { as }] of Object.entries(sick))
    if (before.sick[name]?.as !== as) events.push(told('MasterSick', `${name}: ${as}`, name))
  for (const name of Object.keys(before.sick))
    if (sick[name] === undefined) events.push(told('MasterWell', `${name} is well again, or gone`, name))
  if (storm !== '' && before.storm === '') events.push(told('Storm', `nothing is begun: ${storm}`))
  if (before.halted !== undefined && halted === undefined)
    events.push(told('Resumed', `goes on after a halt${operation ? ` with ${operation.id}` : ''}`))
  return events
}

function begin(view: View): Turn {
  const { state, now, policy } = view
  const { beginning, waiting } = calledFor(view)
  const suggestion = policy.mode === 'Suggest' && beginning ? suggest(beginning, view) : undefined
  const quiet = { ...state, waiting, suggestion }
  const events =
    suggestion !== undefined && suggestion !== state.suggestion ? [told('WouldDo', suggestion)] : []
  if (beginning === undefined || policy.mode !== 'Act') return turn(quiet, ...events)
  // By the time as well, so that it grows even when this status was lost: hosts refuse what is older than what they know.
  const epoch = Math.max(state.epoch + 1, Math.floor(now / 1000))
  const operation: Operation = {
    id: `${beginning.kind.toLowerCase()}-${epoch}`,
    kind: beginning.kind,
    phase: ORDER[beginning.kind][0] as Phase,
    since: now,
    begun: now,
    leaving: [...beginning.leaving],
    heir: undefined,
    tries: 0,
    crowning: 'no',
    intent: undefined,
    waiting: undefined,
    failed: undefined,
  }
  return turn({ ...quiet, epoch, operation }, told('Begun', `${operation.id}: ${describe(beginning)}`))
}

const describe = ({ kind, leaving }: Beginning): string =>
  [kind, ...leaving.map(({ name, as }) => (as === undefined ? name : `${name} (${as})`))].join(' ')

function suggest(beginning: Beginning, view: View): string {
  const [best] = heirsIn(view)
  return best === undefined ? describe(beginning) : `${describe(beginning)}, heir ${explain(best)}`
}

/** Goes on through the phases until there is something to do, or to wait for. */
function advance(view: View, guards: readonly Guard[]): Omit<Turn, 'rests'> {
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

const resting = (state: State, operation: Operation, waiting: string): Turn => ({
  state: { ...state, operation: { ...operation, waiting } },
  events: [],
  rests: true,
})

const TAKES: readonly string[] = ['remove-member', 'job']
function pointOfNoReturn(view: View, operation: Operation, effect: Effect): readonly Told[] {
  const takes = TAKES.includes(effect.do) && ['Remove', 'Join', 'StopApi'].includes(operation.phase)
  if (!takes || !isReversible(view, operation)) return []
  return [
    told('PointOfNoReturn', `${operation.id} can only be finished from here on, or undone with a trace`),
  ]
}

/** Why an operation that has changed nothing yet is dropped. */
function dropped(view: View, { kind, leaving }: Operation): string | undefined {
  const { facts, state } = view
  const [pause] = facts.orders.pauses
  if (pause !== undefined) return `paused: ${pause}`
  if (isStorm(view)) return `storm: ${state.storm}`
  if (kind === 'StepDown' && !leaving.some(({ name }) => name === facts.orders.stepDown))
    return 'nobody is to step down any more'
  const back = leaving.find(({ name, as }) => as !== undefined && state.sick[name]?.as !== as)
  return back && `${back.name} is not as it was: ${state.sick[back.name]?.as ?? 'it is back'}`
}

/** What follows when a phase took too long; undefined while it did not. */
function overdue(view: View, operation: Operation, why: string): Turn | undefined {
  const { patience, late, excludes } = RULES[operation.phase]
  if (late === 'Stay' || view.now - operation.since <= patience) return undefined
  if (late === 'GoOn') return onwards(view, operation)
  const failed = `${operation.phase} took longer than ${patience / 60_000} min: ${why}`
  return late === 'Undo'
    ? undoing(view, operation, failed, excludes)
    : turn({ ...view.state, operation: { ...entering('CleanUp', operation, view.now), failed } })
}

const entering = (phase: Phase, operation: Operation, now: number): Operation => ({
  ...operation,
  phase,
  since: now,
  tries: 0,
  intent: undefined,
  waiting: undefined,
})

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

/** Failures of heirs that count: people were moved for them, and more. */
const DEAR: readonly Phase[] = ['Drain', 'Reboot', 'Join', 'Verify']

function undoing(view: View, operation: Operation, why: string, excludes?: number): Turn {
  const { state, now } = view
  const { heir, phase } = operation
  const excluded =
    heir === undefined || excludes === undefined
      ? state.excluded
      : { ...state.excluded, [heir.name]: { until: now + excludes, why } }
  const failures = state.failures + (excludes !== undefined && DEAR.includes(phase) ? 1 : 0)
  const undone = { ...entering('Undo', operation, now), failed: why }
  return turn({ ...state, excluded, failures, operation: undone }, told('Undoing', `${operation.id}: ${why}`))
}

/** After these everything is given time to settle. */
const DISTURBS: readonly Kind[] = ['Replace', 'StepDown', 'ScaleDown', 'ScaleUp']
const MOST_FAILURES = 3
const REST_AFTER_FAILURE = 60_000
const REMEMBERED = 20

function ended(view: View, operation: Operation): Turn {
  const { state, policy, now } = view
  const { id, kind, begun, heir, failed, leaving } = operation
  const names = leaving.map(({ name }) => name)
  const short = votersOf(view).length < state.size.wanted
  const rest =
    failed !== undefined ? REST_AFTER_FAILURE : short || !DISTURBS.includes(kind) ? 0 : policy.deadAfter
  const why = `${state.failures} heirs in a row failed, the last one: ${failed}`
  const halted = state.failures >= MOST_FAILURES ? { since: now, why } : undefined
  const isWorker = (name: string): boolean =>
    failed === undefined && names.includes(name) && wasDemoted(kind) && isFresh(view, name)
  const record = { id, kind, begun, ended: now, leaving: names, heir: heir?.name, failed }
  const end: State = {
    ...state,
    operation: undefined,
    deposed: deposedIn(view).filter((name) => !isWorker(name)),
    halted: halted ?? state.halted,
    restUntil: now + rest,
    history: [record, ...state.history].slice(0, REMEMBERED),
  }
  const event =
    failed === undefined ? told('Done', `${id} is done`) : told('Undone', `${id} is undone: ${failed}`)
  return { ...turn(end, event, ...(halted ? [told('Halted', why)] : [])), rests: true }
}

const wasDemoted = (kind: Kind): boolean => ORDER[kind].includes('Demote')
