import type { Member } from './facts.ts'
import { isFresh } from './heartbeat.ts'
import { act, DONE, type Outcome, wait, work } from './outcome.ts'
import { withHeir } from './prepare.ts'
import type { Leaving, Operation } from './state.ts'
import { isHealthy, memberOf, membersOf, nodeOf, type View } from './view.ts'

/** The phases that change who is a master. */

/** One that is dead and came back before it was taken out stays what it is. */
const isStillLeaving = (view: View, { name, as }: Leaving): boolean =>
  as === undefined || view.state.sick[name]?.as === as || memberOf(view, name) === undefined

/** The member, then the Node: a member without a Node is found again, and a Node without a member harms nobody. */
export function remove(view: View, { leaving }: Operation): Outcome {
  for (const one of leaving) {
    if (!isStillLeaving(view, one)) continue
    const member = memberOf(view, one.name)
    if (member !== undefined) return removeMember(view, member)
    const node = nodeOf(view, one.name)
    // One that is alive keeps its Node, so that it can be made a worker.
    if (one.as !== undefined && node !== undefined && node.uid === one.uid && !isFresh(view, one.name))
      return act({ do: 'delete-node', node: one.name, uid: node.uid })
  }
  return DONE
}

function removeMember(view: View, { id, pc, leader, answers }: Member): Outcome {
  if (!leader || !answers) return act({ do: 'remove-member', member: id, pc })
  const to = membersOf(view).find((other) => other.id !== id && isHealthy(other))
  return to === undefined
    ? wait(`nobody can lead etcd in place of ${pc}`)
    : act({ do: 'move-leader', from: pc, to: to.id })
}

const DAY = 24 * 3_600_000

/** Begun again where it was cut off; what is there already stays. */
export const join = withHeir((view, operation, _, { name, master }) => {
  const member = memberOf(view, name)
  if (member !== undefined && !member.learner && master) return DONE
  if (!isFresh(view, name)) return wait(`${name} is silent`)
  return work(view, operation, { step: 'join', node: name, excludes: DAY })
})

/** So long everything must be well before it is believed. */
const BELIEVED_AFTER = 30_000

export const verify = withHeir((view, { since }, _, { name, master, ready }) => {
  const member = memberOf(view, name)
  if (member === undefined) return { is: 'failed', why: `etcd does not list ${name}`, excludes: DAY }
  if (!isHealthy(member) || member.alarms.length > 0) return wait(`etcd on ${name} is not healthy yet`)
  if (!view.facts.apis.includes(name)) return wait(`the API server on ${name} is not ready yet`)
  if (!master || !ready) return wait(`${name} is not marked as a master, or not Ready`)
  return view.now - since >= BELIEVED_AFTER ? DONE : wait(`${name} is well, and is watched a little longer`)
})

const living = (view: View, { leaving }: Operation): readonly Leaving[] =>
  leaving.filter(({ name }) => nodeOf(view, name) !== undefined && isFresh(view, name))

/** Before etcd goes: an API server without it takes calls, and answers none. */
export function stopApi(view: View, operation: Operation): Outcome {
  for (const { name } of living(view, operation)) {
    if (nodeOf(view, name)?.master) return act({ do: 'unmark', node: name })
    if (view.facts.apis.includes(name)) return work(view, operation, { step: 'stop-api', node: name })
  }
  return DONE
}

/** Makes a worker of what was a master: no keys, no etcd, no API server. */
export function demote(view: View, operation: Operation): Outcome {
  for (const { name } of living(view, operation)) {
    if (memberOf(view, name) !== undefined) continue
    if (nodeOf(view, name)?.master) return act({ do: 'unmark', node: name })
    const outcome = work(view, operation, { step: 'demote', node: name })
    if (!isDemoted(view, operation, name)) return outcome
  }
  return DONE
}

/** That the keys are gone is known from the PC alone, so here the job's word counts. */
export const isDemoted = ({ facts }: View, { id }: Operation, node: string): boolean =>
  facts.jobs.some(
    ({ operation, step, node: at, state }) =>
      operation === id && step === 'demote' && at === node && state === 'finished',
  )
