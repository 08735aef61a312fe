import { isDemoted } from './change.ts'
import { deposedIn } from './remember.ts'
import type { Kind, Operation, Phase, State } from './state.ts'
import { entering, type Turn, told, turn } from './turn.ts'
import { type View, votersOf } from './view.ts'

/** How an operation is given up, and how it ends. */

/** Failures of heirs that count: people were moved for them, and more. */
const DEAR: readonly Phase[] = ['Drain', 'Reboot', 'Join', 'Verify']

export function undoing(view: View, operation: Operation, why: string, excludes?: number): Turn {
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

export function ended(view: View, operation: Operation): Turn {
  const { state, policy, now } = view
  const { id, kind, begun, heir, failed, leaving } = operation
  const names = leaving.map(({ name }) => name)
  const short = votersOf(view).length < state.size.wanted
  const rest =
    failed !== undefined ? REST_AFTER_FAILURE : short || !DISTURBS.includes(kind) ? 0 : policy.deadAfter
  const why = `${state.failures} heirs in a row failed, the last one: ${failed}`
  const halted = state.failures >= MOST_FAILURES ? { since: now, why } : undefined
  const record = { id, kind, begun, ended: now, leaving: names, heir: heir?.name, failed }
  const end: State = {
    ...state,
    operation: undefined,
    deposed: deposedIn(view).filter((name) => !isDemoted(view, operation, name)),
    halted: halted ?? state.halted,
    restUntil: now + rest,
    history: [record, ...state.history].slice(0, REMEMBERED),
  }
  const event =
    failed === undefined ? told('Done', `${id} is done`) : told('Undone', `${id} is undone: ${failed}`)
  return { ...turn(end, event, ...(halted ? [told('Halted', why)] : [])), rests: true }
}
