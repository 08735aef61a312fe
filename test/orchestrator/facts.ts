import type { Etcd, Facts, Member, Node, Pod } from '../../orchestrator/facts.ts'
import type { Policy } from '../../orchestrator/policy.ts'
import { type Heard, NEW_STATE, type Operation, type State } from '../../orchestrator/state.ts'

/** Rooms to decide about: pc-0, pc-1, pc-2 are masters, and all is well. */

export const NOW = Date.UTC(2026, 10, 27, 12)
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const GIB = 2 ** 30

export const POLICY: Policy = {
  mode: 'Act',
  count: 'auto',
  deadAfter: 5 * MINUTE,
  reboot: 'Always',
  backup: 'Required',
}

export const pc = (at: number, is: Partial<Node> = {}): Node => ({
  name: `pc-${at}`,
  uid: `uid-${at}`,
  ready: true,
  renewTime: 'now',
  bootId: `boot-${at}`,
  master: false,
  unschedulable: false,
  cordonedBy: undefined,
  warnedBy: undefined,
  version: 'v1.37.2',
  cores: 4,
  memory: 8 * GIB,
  diskFree: undefined,
  fsync: undefined,
  zone: undefined,
  never: false,
  pods: [],
  brick: 'none',
  ...is,
})

export const pod = (name: string, is: Partial<Pod> = {}): Pod => ({
  name,
  priority: 0,
  stays: false,
  desktop: false,
  active: false,
  localData: false,
  pinned: false,
  ...is,
})

export const member = (at: number, is: Partial<Member> = {}): Member => ({
  id: `1163084722647825362${at}`,
  pc: `pc-${at}`,
  learner: false,
  started: true,
  answers: true,
  leader: at === 0,
  alarms: [],
  ...is,
})

/** So many masters, and so many other PCs. */
export function well(masters: number, others: number): Facts {
  const crowned = Array.from({ length: masters }, (_, at) => at)
  return {
    nodes: Array.from({ length: masters + others }, (_, at) => pc(at, { master: at < masters })),
    etcd: { members: crowned.map((at) => member(at)) },
    apis: crowned.map((at) => `pc-${at}`),
    reached: [],
    jobs: [],
    secrets: [],
    backup: { at: NOW - MINUTE, revision: '918244' },
    backsUp: true,
    controllersSince: NOW - DAY,
    latency: 20,
    upgrading: false,
    orders: { halt: undefined, resumed: 0, pauses: [], stepDown: undefined },
  }
}

export const membersIn = ({ etcd }: Facts): readonly Member[] => (etcd as Etcd).members

export const withPc = (facts: Facts, at: number, is: Partial<Node>): Facts => ({
  ...facts,
  nodes: facts.nodes.map((node) => (node.name === `pc-${at}` ? { ...node, ...is } : node)),
})

export const withMember = (facts: Facts, at: number, is: Partial<Member>): Facts => ({
  ...facts,
  etcd: { members: membersIn(facts).map((one) => (one.pc === `pc-${at}` ? { ...one, ...is } : one)) },
})

/** Without power. */
export const off = (facts: Facts, at: number): Facts => ({
  ...withMember(facts, at, { answers: false, leader: false }),
  apis: facts.apis.filter((name) => name !== `pc-${at}`),
})

export const withOrders = (facts: Facts, orders: Partial<Facts['orders']>): Facts => ({
  ...facts,
  orders: { ...facts.orders, ...orders },
})

export const heard = (node: Node, is: Partial<Heard> = {}): Heard => ({
  uid: node.uid,
  text: 'now',
  since: NOW - SECOND,
  steadySince: NOW - DAY,
  bootId: node.bootId,
  bootedSince: NOW - 10 * DAY,
  watched: 20 * DAY,
  silent: 0,
  reboots: 0,
  ...is,
})

/** What is remembered of a room that was watched for long; those named are silent for so many ms. */
export function watched(facts: Facts, silent: Readonly<Record<string, number>> = {}): State {
  const voters = membersIn(facts).length
  return {
    ...NEW_STATE,
    epoch: 40,
    at: NOW - 5 * SECOND,
    heard: Object.fromEntries(
      facts.nodes.map((node) => {
        const ms = silent[node.name]
        return [node.name, heard(node, ms === undefined ? {} : { since: NOW - ms })]
      }),
    ),
    size: { wanted: voters, next: voters, nextSince: NOW },
  }
}

export const operation = (is: Partial<Operation>): Operation => ({
  id: 'replace-41',
  kind: 'Replace',
  phase: 'Confirm',
  since: NOW - SECOND,
  begun: NOW - MINUTE,
  leaving: [],
  heir: undefined,
  tries: 0,
  crowning: 'no',
  intent: undefined,
  waiting: undefined,
  failed: undefined,
  ...is,
})
