import { lostMasters, undecided } from './detect.ts'
import type { Member, Node } from './facts.ts'
import { isFresh } from './heartbeat.ts'
import { explain, heirsIn, judge, scoreOf } from './heir.ts'
import { adding, removing, removingAll } from './projection.ts'
import type { Kind, Leaving, Sickness } from './state.ts'
import { isStorm } from './storm.ts'
import { leftBehind } from './undo.ts'
import { isRead, mastersOf, memberOf, membersOf, nodeOf, type View, votersOf } from './view.ts'

/** Which operation is called for. Nothing is done for it yet. */

export interface Beginning {
  readonly kind: Kind
  readonly leaving: readonly Leaving[]
}

/** A beginning, or why none although something is not as it should be. */
type Thought = (view: View) => Beginning | string | undefined

/** In this order: what is dead, what is missing, what is dangerous, what is asked for, what is too much, what was left behind. */
const THOUGHTS: readonly Thought[] = [replacing, growing, neutralising, steppingDown, shrinking, tidying]

export interface Called {
  readonly beginning: Beginning | undefined
  readonly waiting: string | undefined
}

export function calledFor(view: View): Called {
  let waiting: string | undefined
  for (const thought of THOUGHTS) {
    const called = thought(view)
    if (typeof called === 'string') waiting ??= called
    else if (called !== undefined) {
      const held = holds(view, called.kind)
      if (held === undefined) return { beginning: called, waiting }
      waiting ??= held
    }
  }
  return { beginning: undefined, waiting }
}

/** The controller-manager that just took over has not heard everybody yet. */
const UNSETTLED = 120_000

/** Masters step down one after the other in an upgrade; the others take nothing away. */
const EVER: readonly Kind[] = ['StepDown', 'Neutralise', 'Tidy']

/** Why nothing is begun, whatever is called for. */
function holds(view: View, kind: Kind): string | undefined {
  const { facts, state, policy, now } = view
  if (facts.orders.halt !== undefined) return `halted by an administrator: ${facts.orders.halt}`
  if (state.halted !== undefined) return `halted: ${state.halted.why}`
  if (!isRead(view)) return 'the members of etcd could not be read'
  if (isStorm(view)) return `storm: ${state.storm}`
  const [pause] = facts.orders.pauses
  if (pause !== undefined) return `paused: ${pause}`
  if (facts.upgrading && !EVER.includes(kind)) return 'masters are being upgraded'
  const settling = Math.min(UNSETTLED, policy.deadAfter)
  if (facts.controllersSince !== undefined && now - facts.controllersSince < settling)
    return 'the controller-manager has just moved to another master'
  return now < state.restUntil ? 'the last operation has just ended' : undefined
}

const leavingOf = (view: View, name: string, as?: Sickness): Leaving => ({
  name,
  uid: nodeOf(view, name)?.uid,
  member: memberOf(view, name)?.id,
  as,
})

const idsOf = (leaving: readonly Leaving[]): readonly string[] =>
  leaving.flatMap(({ member }) => member ?? [])

/** Masters that are dead. All of them at once: a join is refused while a member is listed that does not answer. */
function replacing(view: View): Beginning | string | undefined {
  const lost = lostMasters(view)
  if (lost.length === 0) return undefined
  const leaving = lost.map((name) => leavingOf(view, name, view.state.sick[name]?.as))
  const danger = removingAll(membersOf(view), idsOf(leaving))
  if (danger !== undefined) return `${lost.join(', ')} cannot be taken out of etcd: ${danger}`
  const doubt = undecided(view, lost)
  if (doubt !== undefined) return `${lost.join(', ')} cannot be replaced yet: ${doubt}`
  const left = votersOf(view).filter(({ pc }) => !lost.includes(pc)).length
  if (left >= view.state.size.wanted) return { kind: 'ScaleDown', leaving }
  return heirsIn(view).length > 0 ? { kind: 'Replace', leaving } : noHeir(view, lost.join(', '))
}

const noHeir = (view: View, place: string): string =>
  [`no PC can take the place of ${place}`, ...judge(view).slice(0, 3).map(explain)].join('. ')

/** From one master to three and from three to five there must be two heirs: an even number is no place to rest. */
function growing(view: View): Beginning | string | undefined {
  const voters = votersOf(view).length
  const { wanted } = view.state.size
  if (voters === 0 || voters >= wanted) return undefined
  const danger = adding(membersOf(view), '')
  if (danger !== undefined) return `no master can be added: ${danger}`
  const asked = voters % 2 === 1 ? 2 : 1
  const heirs = heirsIn(view).length
  if (heirs >= asked) return { kind: 'ScaleUp', leaving: [] }
  return `${wanted} masters are wanted, and of the heirs that this takes ${heirs} of ${asked} are there`
}

/**
 * PCs that are alive and were masters, or are half of one: those that come back after they were replaced, and those whose
 * crowning was cut short and forgotten.
 */
function neutralising(view: View): Beginning | string | undefined {
  const halves = view.facts.nodes.filter((node) => isAlive(node, view) && isHalf(node, view))
  let waiting: string | undefined
  for (const { name } of halves) {
    const leaving = [leavingOf(view, name)]
    const danger = removingAll(membersOf(view), idsOf(leaving))
    if (danger === undefined) return { kind: 'Neutralise', leaving }
    waiting = `${name} is half a master and cannot be taken out of etcd: ${danger}`
  }
  return waiting
}

const isAlive = ({ name, ready }: Node, view: View): boolean => ready && isFresh(view, name)

function isHalf({ name, master }: Node, view: View): boolean {
  const isMember = memberOf(view, name) !== undefined
  return isRead(view) && (isMember !== master || view.state.deposed.includes(name))
}

/** A master that an administrator sends away: another one comes first. */
function steppingDown(view: View): Beginning | string | undefined {
  const { stepDown } = view.facts.orders
  if (stepDown === undefined || !mastersOf(view).includes(stepDown)) return undefined
  const leaving = [leavingOf(view, stepDown)]
  if (votersOf(view).length > view.state.size.wanted) return { kind: 'ScaleDown', leaving }
  const danger = adding(membersOf(view), '')
  if (danger !== undefined) return `${stepDown} cannot step down: ${danger}`
  return heirsIn(view).length > 0 ? { kind: 'StepDown', leaving } : noHeir(view, stepDown)
}

/** The one that is worst as a master, and not the leader. */
function shrinking(view: View): Beginning | string | undefined {
  const voters = votersOf(view)
  if (voters.length <= view.state.size.wanted) return undefined
  const [worst] = voters
    .filter(({ leader }) => !leader)
    .sort((a, b) => worth(a, view) - worth(b, view) || (a.pc < b.pc ? 1 : -1))
  if (worst === undefined) return undefined
  const danger = removing(membersOf(view), worst.id)
  if (danger !== undefined) return `${worst.pc} cannot be taken out of etcd: ${danger}`
  return { kind: 'ScaleDown', leaving: [leavingOf(view, worst.pc)] }
}

/** What a run that was overtaken did after its operation had ended. */
function tidying(view: View): Beginning | undefined {
  return leftBehind(view) === undefined ? undefined : { kind: 'Tidy', leaving: [] }
}

/** One that is sick goes first. */
function worth({ pc }: Member, view: View): number {
  const node = nodeOf(view, pc)
  if (node === undefined || view.state.sick[pc] !== undefined) return 0
  return scoreOf(node, view).total
}
