import type { Effect, NodeStep } from './effect.ts'
import type { Member } from './facts.ts'
import { isFresh } from './heartbeat.ts'
import { isReversible } from './phases.ts'
import { LEAST_WITNESSES } from './prepare.ts'
import { adding, removing } from './projection.ts'
import type { Leaving, Operation } from './state.ts'
import { isStorm } from './storm.ts'
import { isRead, memberOf, membersOf, nodeOf, type View, votersOf } from './view.ts'

/**
 * What no effect may do, whoever proposes it, on facts that were read in the same breath. Each is a reason to wait, as words
 * for an administrator; each is taken away once by a test, which must see the harm.
 */
export interface Guard {
  readonly name: string
  readonly about: readonly Act[]
  readonly refuses: (effect: Effect, view: View, operation: Operation) => string | undefined
}

/** What is done, with jobs by their step. */
export type Act = Exclude<Effect['do'], 'job'> | NodeStep
export const actOf = (effect: Effect): Act => (effect.do === 'job' ? effect.step : effect.do)

const when = (is: boolean, why: string): string | undefined => (is ? why : undefined)

/** What is done to the heir while it is made ready. */
const PREPARES = ['preflight', 'warn', 'cordon', 'evict', 'reboot'] as const
/** What changes who is a master. */
const CHANGES = [
  'remove-member',
  'join',
  'stop-api',
  'delete-node',
  'demote',
  'unmark',
  'move-leader',
] as const
const ALL: readonly Act[] = [
  ...PREPARES,
  ...CHANGES,
  'ask',
  'backup',
  'mint',
  'stop-job',
  'uncordon',
  'delete-secrets',
]

const HOUR = 3_600_000
const OLDEST_BACKUP = 6 * HOUR

export const GUARDS: readonly Guard[] = [
  // A run that was overtaken by another one has no say any more.
  {
    name: 'ours',
    about: ALL,
    refuses: (effect, _, { intent }) =>
      when(
        JSON.stringify(intent?.effect) !== JSON.stringify(effect),
        'another run has gone on in the meantime',
      ),
  },
  {
    name: 'go',
    about: ALL,
    refuses: (_, { facts, state, policy }) => {
      if (policy.mode !== 'Act') return `the mode is ${policy.mode}`
      const why = facts.orders.halt ?? state.halted?.why
      return why === undefined ? undefined : `halted: ${why}`
    },
  },
  {
    name: 'calm',
    about: [...PREPARES, 'mint', 'remove-member', 'join', 'stop-api', 'unmark', 'move-leader'],
    refuses: (_, view, operation) => {
      if (!isReversible(view, operation)) return undefined
      const [pause] = view.facts.orders.pauses
      if (pause !== undefined) return `paused: ${pause}`
      return when(isStorm(view), `storm: ${view.state.storm}`)
    },
  },
  {
    name: 'members-read',
    about: [...CHANGES, 'reboot'],
    refuses: (_, view) => when(!isRead(view), 'the members of etcd could not be read'),
  },
  {
    name: 'quorum-after',
    about: ['remove-member', 'stop-api'],
    refuses: (effect, view) => {
      const member = touched(effect, view)
      return member && removing(membersOf(view), member.id)
    },
  },
  {
    name: 'another-api',
    about: ['remove-member', 'stop-api'],
    refuses: (effect, view) => {
      const pc = pcOf(effect)
      return when(!view.facts.apis.some((other) => other !== pc), 'no other API server is ready')
    },
  },
  {
    name: 'still-lost',
    about: ['remove-member'],
    refuses: (effect, view, operation) => {
      const leaving = operation.leaving.find(({ name }) => name === pcOf(effect))
      return leaving && isBack(leaving, view, operation)
    },
  },
  {
    name: 'not-leader',
    about: ['remove-member'],
    refuses: (effect, view) => {
      const member = touched(effect, view)
      return when(member?.leader === true && member.answers, `${member?.pc} leads etcd just now`)
    },
  },
  {
    name: 'heir-first',
    about: ['remove-member', 'delete-node'],
    refuses: (_, view, operation) => {
      if (operation.kind !== 'Replace' || !isReversible(view, operation)) return undefined
      const { heir } = operation
      const node = heir && nodeOf(view, heir.name)
      if (node === undefined || !node.ready || !isFresh(view, node.name)) return 'no heir is ready to follow'
      return when(!hasSecrets(view, operation), `nothing is there that ${node.name} could join by`)
    },
  },
  {
    name: 'backup',
    about: ['remove-member', 'join', 'stop-api'],
    refuses: (_, { facts, policy, now }, { kind, phase }) => {
      if (policy.backup === 'Preferred' || kind === 'Neutralise' || phase === 'Undo') return undefined
      const at = facts.backup?.at
      return when(at === undefined || now - at > OLDEST_BACKUP, 'no backup of the last six hours is proven')
    },
  },
  {
    name: 'member-first',
    about: ['delete-node'],
    refuses: (effect, view) =>
      when(memberOf(view, pcOf(effect)) !== undefined, `etcd still lists ${pcOf(effect)}`),
  },
  {
    name: 'same-node',
    about: ['delete-node'],
    refuses: (effect, view, { leaving }) => {
      const node = nodeOf(view, pcOf(effect))
      if (node === undefined) return undefined
      if (!leaving.some(({ uid }) => uid === node.uid)) return `${node.name} is another Node under that name`
      return when(isFresh(view, node.name), `${node.name} is there again`)
    },
  },
  {
    name: 'one-more',
    about: ['join'],
    refuses: (effect, view, { kind }) => {
      const pc = pcOf(effect)
      const danger = adding(membersOf(view), pc)
      if (danger !== undefined) return danger
      const voters = votersOf(view).filter((member) => member.pc !== pc).length + 1
      // One that is well leaves after the other one has come.
      const most = view.state.size.wanted + (kind === 'StepDown' ? 1 : 0)
      return when(voters > most, `there would be ${voters} masters, and ${most} are enough`)
    },
  },
  {
    name: 'keys',
    about: ['join'],
    refuses: (_, view, operation) =>
      when(!hasSecrets(view, operation), 'what a join needs is not there, or only a part of it'),
  },
  {
    name: 'brick',
    about: ['cordon', 'evict', 'reboot'],
    refuses: (effect, view) => {
      const brick = nodeOf(view, pcOf(effect))?.brick
      const isKept = typeof brick === 'object' && !brick.mayLose
      return when(isKept, `the set of bricks of ${pcOf(effect)} cannot do without it now`)
    },
  },
  {
    name: 'open',
    about: ['cordon'],
    refuses: (effect, view) => {
      const node = nodeOf(view, pcOf(effect))
      return when(node?.unschedulable === true, `somebody else made ${node?.name} unschedulable`)
    },
  },
  {
    name: 'warned',
    about: ['evict'],
    refuses: (effect, view, { id }) => {
      const node = nodeOf(view, pcOf(effect))
      const moved = node?.pods.some(
        ({ name, active }) => active && effect.do === 'evict' && effect.pods.includes(name),
      )
      return when(moved === true && node?.warnedBy !== id, `nobody has warned the people on ${node?.name}`)
    },
  },
  {
    name: 'emptied',
    about: ['reboot'],
    refuses: (effect, view, { id }) => {
      const node = nodeOf(view, pcOf(effect))
      const left = node?.pods.find(({ stays }) => !stays)
      if (left !== undefined) return `${left.name} still runs on ${node?.name}`
      return when(node?.cordonedBy !== id, `${node?.name} is open for pods`)
    },
  },
  {
    name: 'no-master',
    about: PREPARES,
    refuses: (effect, view) => {
      const node = nodeOf(view, pcOf(effect))
      const isMaster = node?.master === true || memberOf(view, pcOf(effect)) !== undefined
      return when(isMaster, `${pcOf(effect)} is a master`)
    },
  },
  {
    name: 'no-member',
    about: ['demote'],
    refuses: (effect, view) =>
      when(memberOf(view, pcOf(effect)) !== undefined, `etcd counts ${pcOf(effect)} as a member`),
  },
  {
    name: 'join-ended',
    about: ['demote', 'remove-member', 'uncordon'],
    refuses: (effect, view) => {
      const pc = pcOf(effect)
      const joins = view.facts.jobs.some(
        ({ node, state, step }) => node === pc && state === 'running' && step === 'join',
      )
      return when(joins, `${pc} is joining just now`)
    },
  },
  {
    name: 'worker-first',
    about: ['uncordon'],
    refuses: (effect, { state }) =>
      when(state.deposed.includes(pcOf(effect)), `${pcOf(effect)} may have the keys of a master`),
  },
]

/** The PC that an effect is done to; empty where it is to none. */
function pcOf(effect: Effect): string {
  if ('node' in effect) return effect.node
  return effect.do === 'remove-member' ? effect.pc : ''
}

const touched = (effect: Effect, view: View): Member | undefined =>
  effect.do === 'remove-member'
    ? membersOf(view).find(({ id }) => id === effect.member)
    : memberOf(view, pcOf(effect))

const hasSecrets = ({ facts }: View, { id }: Operation): boolean =>
  facts.secrets.some(({ operation, whole }) => operation === id && whole)

/** Why a master that was given up must not be taken out of etcd now. */
function isBack({ name, as }: Leaving, view: View, { id }: Operation): string | undefined {
  if (as === undefined) return undefined
  const now = view.state.sick[name]?.as
  if (now !== as) return `${name} is not as it was: ${now ?? 'it is back'}`
  if (as !== 'MachineDead') return undefined
  const said = view.facts.reached.filter((one) => one.operation === id && one.master === name)
  if (said.some(({ reached }) => reached)) return `another PC reaches ${name}`
  return when(said.length < LEAST_WITNESSES, `nobody else has said that ${name} is away`)
}
