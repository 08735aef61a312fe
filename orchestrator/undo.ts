import type { Effect } from './effect.ts'
import type { Node } from './facts.ts'
import { act, DONE, type Outcome, wait } from './outcome.ts'
import { removing } from './projection.ts'
import type { Operation } from './state.ts'
import { memberOf, membersOf, type View } from './view.ts'

/** The phases at the end of an operation: after it did what it was for, and when it is given up. */

/** Closed by an operation of ours, and not because it may have the keys of a master. */
const isLeftClosed = ({ state }: View, { name, cordonedBy }: Node): boolean =>
  cordonedBy !== undefined && !state.deposed.includes(name)

/** What operations left behind, one thing at a time: what PCs could join by, and PCs that were closed for a drain. */
export function leftBehind(view: View): Effect | undefined {
  const { nodes, secrets } = view.facts
  if (secrets.length > 0)
    return { do: 'delete-secrets', operations: secrets.map(({ operation }) => operation) }
  const closed = nodes.find((node) => isLeftClosed(view, node))
  return closed && { do: 'uncordon', node: closed.name }
}

export function cleanUp(view: View): Outcome {
  const effect = leftBehind(view)
  return effect === undefined ? DONE : act(effect)
}

/**
 * Ends the jobs that still run, and takes back what was done for the heir. One that was asked to join stays closed until it was made a worker, which is an
 * operation of its own; one that etcd cannot do without now stays in it.
 */
export function undo(view: View, { id, heir, crowning }: Operation): Outcome {
  const runs = view.facts.jobs.find(({ operation, state }) => operation === id && state === 'running')
  if (runs !== undefined) return act({ do: 'stop-job', job: runs.name })
  if (heir === undefined || crowning !== 'begun') return cleanUp(view)
  if (view.facts.etcd === 'unread') return wait('the members of etcd could not be read')
  const member = memberOf(view, heir.name)
  if (member === undefined || removing(membersOf(view), member.id) !== undefined) return cleanUp(view)
  return act({ do: 'remove-member', member: member.id, pc: member.pc })
}
