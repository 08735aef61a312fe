import type { Facts, Node } from '../../../orchestrator/facts.ts'
import type { Policy } from '../../../orchestrator/policy.ts'
import { NEW_STATE, type State } from '../../../orchestrator/state.ts'
import { pc, pod } from '../facts.ts'
import {
  beats,
  isApiReady,
  type Kept,
  LONG_AGO,
  leaderOf,
  type Machine,
  NOW_MS,
  SOMEBODY,
  serves,
  type World,
} from './world.ts'

/** The world as the orchestrator is shown it. */

export const policyOf = ({ kept }: World): Policy => ({
  mode: 'Act',
  count: kept.wanted as 1 | 3 | 5,
  deadAfter: 300_000,
  reboot: 'Always',
  backup: 'Required',
})

function nodeOf(name: string, machine: Machine, shown: NonNullable<Machine['node']>): Node {
  const { closedBy, warnedBy, uid, master } = shown
  return pc(0, {
    name,
    uid: String(uid),
    ready: beats(machine),
    renewTime: 'heard',
    bootId: String(machine.boot),
    master,
    unschedulable: closedBy !== '',
    cordonedBy: closedBy === '' || closedBy === SOMEBODY ? undefined : closedBy,
    warnedBy: warnedBy === '' ? undefined : warnedBy,
    pods: machine.busy ? [pod(`desktops/${name}`, { desktop: true, active: true })] : [],
    brick: machine.brick === 'none' ? 'none' : { set: 0, mayLose: machine.brick === 'spared' },
  })
}

/** What is seen of the world now. */
export function look(world: World): Facts {
  const machines = Object.entries(world.machines)
  const leader = leaderOf(world)
  return {
    nodes: machines.flatMap(([name, machine]) => (machine.node ? [nodeOf(name, machine, machine.node)] : [])),
    etcd: world.blind
      ? 'unread'
      : {
          members: world.members.map((member) => ({
            ...member,
            started: true,
            answers: serves(world, member),
            leader: member.id === leader,
            alarms: [],
          })),
        },
    apis: machines.filter(([name]) => isApiReady(world, name)).map(([name]) => name),
    reached: world.reached,
    jobs: world.jobs.map((job) => ({ ...job, told: '' })),
    secrets: world.secrets.map((operation) => ({ operation, whole: true })),
    backup: world.backup ? { at: NOW_MS, revision: '1' } : undefined,
    backsUp: true,
    controllersSince: undefined,
    latency: 1,
    upgrading: false,
    orders: {
      halt: world.halt ? 'halt' : undefined,
      resumed: 0,
      pauses: world.pause ? ['pause'] : [],
      stepDown: world.stepDown ?? undefined,
    },
  }
}

/** The whole status, as it would stand there. */
export function stateOf(world: World): State {
  const { wanted, ...kept } = world.kept
  const heard: State['heard'] = {}
  const sick: Record<string, State['sick'][string]> = {}
  for (const [name, machine] of Object.entries(world.machines)) {
    if (machine.node === null) {
      if (machine.silent) sick[name] = { as: 'MachineDead', since: LONG_AGO }
      continue
    }
    heard[name] = {
      uid: String(machine.node.uid),
      text: 'heard',
      since: machine.silent && !beats(machine) ? LONG_AGO : NOW_MS,
      steadySince: machine.steady ? LONG_AGO : NOW_MS,
      bootId: String(machine.boot),
      bootedSince: LONG_AGO,
      watched: 0,
      silent: 0,
      reboots: 0,
    }
    if (machine.fault === 'etcd' && machine.silent) sick[name] = { as: 'EtcdSick', since: LONG_AGO }
  }
  const size = { wanted, next: wanted, nextSince: NOW_MS }
  return { ...NEW_STATE, ...kept, at: NOW_MS, heard, sick, size }
}

const NO_SCORE = { total: 0, hardware: 0, load: 0, spread: 0, history: 0 }

/** What of a status is kept; texts and scores decide nothing. */
export function keptOf(state: State): Kept {
  const { epoch, stormUntil, operation, restUntil, excluded, deposed, failures, halted, size } = state
  return {
    epoch,
    stormUntil,
    restUntil,
    deposed,
    failures,
    wanted: size.wanted,
    halted: halted && { since: NOW_MS, why: '' },
    excluded: Object.fromEntries(
      Object.entries(excluded).map(([name, { until }]) => [name, { until, why: '' }]),
    ),
    operation: operation && {
      ...operation,
      begun: 0,
      waiting: undefined,
      failed: operation.failed && 'failed',
      heir: operation.heir && { ...operation.heir, score: NO_SCORE, why: '' },
    },
  }
}
