/**
 * `orchestrator/`: Watches masters, decides on a crowning, performs its steps; etcd backups.
 *
 * A look is `facts.ts`; what is remembered between looks `state.ts`; what is called for `begin.ts`; the phases of what was begun
 * `phases.ts`; what none of them may do `guards.ts`. Nothing here acts: an effect is a value, written down before it is begun.
 */

import { advance } from './advance.ts'
import { type Beginning, calledFor } from './begin.ts'
import type { Effect } from './effect.ts'
import type { Facts } from './facts.ts'
import { GUARDS, type Guard } from './guards.ts'
import { explain, heirsIn } from './heir.ts'
import { news } from './news.ts'
import { ORDER } from './phases.ts'
import type { Policy } from './policy.ts'
import { remember } from './remember.ts'
import type { Operation, Phase, State, Told } from './state.ts'
import { type Turn, told, turn } from './turn.ts'
import type { View } from './view.ts'

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
  const [best] = ORDER[beginning.kind].includes('Choose') ? heirsIn(view) : []
  return best === undefined ? describe(beginning) : `${describe(beginning)}, heir ${explain(best)}`
}
