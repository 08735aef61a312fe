import type { Effect, NodeStep } from '../../../orchestrator/effect.ts'
import type { Reached } from '../../../orchestrator/facts.ts'
import { quorumOf } from '../../../orchestrator/projection.ts'
import type { State } from '../../../orchestrator/state.ts'

/**
 * A room of masters and spares as it really is: machines, etcd, Nodes, jobs. Nothing in here decides anything; it is what etcd,
 * kubeadm, kubelets and the hosts do, one small step at a time.
 */

/** Of the status, what is not rebuilt from the world. */
export type Kept = Pick<
  State,
  'epoch' | 'stormUntil' | 'operation' | 'restUntil' | 'excluded' | 'deposed' | 'failures' | 'halted'
> & { readonly wanted: number }

/** What is broken: the whole PC, its kubelet alone, its etcd alone. */
export type Fault = 'none' | 'off' | 'kubelet' | 'etcd'

export interface Machine {
  fault: Fault
  /** It was silent for longer than any patience. */
  silent: boolean
  /** It is there for longer than an heir must be. */
  steady: boolean
  /** Which boot it is. */
  boot: number
  /** Its Node; null where it has none. */
  node: { uid: number; master: boolean; closedBy: string; warnedBy: string } | null
  /** A master's keys are on its disk, and its API server is started. */
  keys: boolean
  api: boolean
  /** The member whose data its etcd has; empty where there is none. */
  data: string
  /** Somebody works at a desktop there. */
  busy: boolean
  /** Whether its set of bricks can do without it. */
  brick: 'none' | 'spared' | 'needed'
  /** The operation whose plan its host carried out last. */
  plan: string
}

export interface WorldJob {
  name: string
  operation: string
  node: string
  step: NodeStep | 'backup'
  state: 'running' | 'finished' | 'failed'
}

/** A run of the orchestrator: what it wrote down to do, and whether it was admitted already. */
export interface Run {
  at: 'idle' | 'written' | 'admitted'
  effect: Effect | null
  operation: string
}

export interface World {
  machines: Record<string, Machine>
  members: { id: string; pc: string; learner: boolean }[]
  /** The member that leads while it is well. */
  leader: string
  jobs: WorldJob[]
  /** Operations that PCs could join by. */
  secrets: string[]
  reached: Reached[]
  backup: boolean
  /** What the administrator asks for. */
  halt: boolean
  pause: boolean
  stepDown: string | null
  /** The list of members cannot be read. */
  blind: boolean
  kept: Kept
  runs: Run[]
  /** What may still happen. */
  left: { faults: number; returns: number; failures: number; delays: number; orders: number }
}

export const machineOf = (world: World, name: string): Machine => {
  const machine = world.machines[name]
  if (machine === undefined) throw new Error(`no machine ${name}`)
  return machine
}

/** Its kubelet renews its Lease. */
export const beats = ({ fault }: Machine): boolean => fault === 'none' || fault === 'etcd'

/** Its etcd runs and is of the cluster. */
export const serves = (world: World, { id, pc }: { id: string; pc: string }): boolean => {
  const { fault, data } = machineOf(world, pc)
  return (fault === 'none' || fault === 'kubelet') && data === id
}

export const hasQuorum = (world: World): boolean => {
  const voters = world.members.filter(({ learner }) => !learner)
  return voters.filter((one) => serves(world, one)).length >= quorumOf(voters.length)
}

export const leaderOf = (world: World): string | undefined => {
  const able = world.members.filter((one) => !one.learner && serves(world, one))
  return (able.find(({ id }) => id === world.leader) ?? able[0])?.id
}

const isListed = (world: World, pc: string): boolean => world.members.some((one) => one.pc === pc)

/** Its API server says 200. */
export const isApiReady = (world: World, pc: string): boolean => {
  const member = world.members.find((one) => one.pc === pc)
  return machineOf(world, pc).api && member !== undefined && !member.learner && serves(world, member)
}

/** An effect reaches the cluster, which does what it does. What is refused changes nothing. */
export function happen(world: World, effect: Effect, operation: string, strict = true): void {
  const node = 'node' in effect ? world.machines[effect.node]?.node : undefined
  switch (effect.do) {
    case 'ask':
      for (const from of effect.from) ask(world, effect, from, operation)
      break
    case 'backup':
      addJob(world, { name: effect.job, operation, node: '', step: 'backup', state: 'running' })
      break
    case 'job':
      addJob(world, { name: effect.job, operation, node: effect.node, step: effect.step, state: 'running' })
      break
    case 'stop-job':
      for (const job of world.jobs) if (job.name === effect.job) job.state = 'failed'
      break
    case 'warn':
      if (node) node.warnedBy = operation
      break
    case 'cordon':
      if (node && node.closedBy === '') node.closedBy = operation
      break
    case 'uncordon':
      if (node && node.closedBy !== SOMEBODY) node.closedBy = ''
      break
    case 'evict':
      machineOf(world, effect.node).busy = false
      break
    case 'unmark':
      if (node) node.master = false
      break
    case 'move-leader':
      world.leader = effect.to
      break
    case 'remove-member':
      removeMember(world, effect.member, strict)
      break
    case 'delete-node':
      if (node && String(node.uid) === effect.uid) machineOf(world, effect.node).node = null
      break
    case 'delete-secrets':
      world.secrets = world.secrets.filter((one) => !effect.operations.includes(one))
  }
}

export const SOMEBODY = 'somebody'

function ask(world: World, effect: Effect & { do: 'ask' }, from: string, operation: string): void {
  if (!beats(machineOf(world, from))) return
  const said = world.reached.filter((one) => one.operation === operation && one.round === effect.round)
  if (said.some((one) => one.from === from && one.master === effect.master)) return
  const reached = machineOf(world, effect.master).fault !== 'off'
  world.reached.push({ operation, round: effect.round, master: effect.master, from, reached })
}

const addJob = (world: World, job: WorldJob): void => {
  if (!world.jobs.some(({ name }) => name === job.name)) world.jobs.push(job)
}

/**
 * As etcd does with strict-reconfig-check: one that is down may always go; one that is up only if the others that are up
 * are a quorum of what is left.
 */
function removeMember(world: World, id: string, strict: boolean): void {
  const member = world.members.find((one) => one.id === id)
  if (member === undefined) return
  const voters = world.members.filter(({ learner }) => !learner)
  const up = voters.filter((one) => serves(world, one)).length
  const isNeeded = !member.learner && serves(world, member) && up - 1 < quorumOf(voters.length - 1)
  if (strict && isNeeded) return
  world.members = world.members.filter((one) => one.id !== id)
}

/** A job goes one step on, on a PC that can run it. False where it cannot now. */
export function work(world: World, name: string): boolean {
  const job = world.jobs.find((one) => one.name === name)
  if (job === undefined || job.state !== 'running' || !hasQuorum(world)) return false
  if (job.step === 'backup') {
    world.backup = true
    job.state = 'finished'
    return true
  }
  const machine = machineOf(world, job.node)
  if (!beats(machine) || machine.node === null) return false
  job.state = runs(world, machine, job) ?? 'running'
  return true
}

/** The host refuses the plan of an operation that is older than what it carried out before. */
const isOld = ({ plan }: Machine, { operation }: WorldJob): boolean => plan === NOW && operation !== NOW

/**
 * It is always that time, and what is older than any patience is of LONG_AGO. Time passes by moves alone, so that there are
 * finitely many worlds.
 */
export const NOW_MS = 1_000_000_000_000
export const LONG_AGO = 0

/** Ends of names of members: the one that is listed, any one before it, and one that has just been added. */
export const MEMBER = '/0'
export const OLD_MEMBER = '/1'
export const NEW_MEMBER = '/2'

/** The newest operation, and any other one: see canon.ts. */
export const NOW = 'op@now'
export const BEFORE = 'op@before'

function runs(world: World, machine: Machine, job: WorldJob): WorldJob['state'] | undefined {
  if (isOld(machine, job)) return 'failed'
  machine.plan = job.operation
  switch (job.step) {
    case 'mint':
      if (!isApiReady(world, job.node)) return 'failed'
      if (!world.secrets.includes(job.operation)) world.secrets.push(job.operation)
      return 'finished'
    case 'reboot':
      machine.boot++
      return 'finished'
    case 'stop-api':
      machine.api = false
      return 'finished'
    case 'demote':
      if (isListed(world, job.node)) return 'failed'
      Object.assign(machine, { keys: false, api: false, data: '' })
      return 'finished'
    case 'join':
      return join(world, machine, job)
    default:
      return 'finished'
  }
}

/** kubeadm: keys, then a learner, then a voter, then the label. Begun again it goes on where it was. */
function join(world: World, machine: Machine, { node, operation }: WorldJob): WorldJob['state'] | undefined {
  const member = world.members.find(({ pc }) => pc === node)
  if (!machine.keys || member === undefined) {
    if (!world.secrets.includes(operation)) return 'failed'
    // It asks every member that is listed, and gives up at one that is silent.
    if (!world.members.every((one) => serves(world, one) && !one.learner)) return 'failed'
    const id = `${node}${NEW_MEMBER}`
    Object.assign(machine, { keys: true, api: true, data: id })
    world.members.push({ id, pc: node, learner: true })
    return undefined
  }
  if (member.learner) {
    member.learner = false
    return undefined
  }
  if (machine.node) machine.node.master = true
  return 'finished'
}

/** A PC comes back: whatever its disk has starts, and a kubelet without a Node makes one. */
export function comeBack(world: World, name: string): void {
  const machine = machineOf(world, name)
  if (machine.fault === 'off') machine.boot++
  Object.assign(machine, { fault: 'none', silent: false, steady: false })
  machine.node ??= { uid: 2, master: false, closedBy: '', warnedBy: '' }
  for (const job of world.jobs) if (job.node === name && job.state === 'running') job.state = 'failed'
}
