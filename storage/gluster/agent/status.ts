import { type Condition, type ConditionNews, conditionOver, isNews } from '../../../cluster/conditions.ts'
import type { Facts, Finding, Memory, Plan, Policy } from '../plan/facts.ts'
import { worstFirst } from '../plan/finding.ts'
import { brickOf, viewOf } from '../plan/view.ts'
import { roomFindings } from './room-findings.ts'

/** What the status of the GlusterVolume says. */
export interface VolumeStatus {
  readonly observedGeneration: number
  readonly conditions: readonly Condition[]
  /** Copies of each file, and sets that the files are spread over. */
  readonly copies: number
  readonly sets: readonly SetStatus[]
  /** Of the whole volume: a set has room for as much as the smallest of its disks. */
  readonly bytes: number
  readonly free: number
  /** PCs from which clients may mount. */
  readonly servers: readonly string[]
  readonly spares: readonly string[]
  readonly safeToPull: readonly string[]
  readonly findings: readonly Finding[]
  /** For the agents alone. */
  readonly memory: Memory
}

export interface SetStatus {
  readonly bricks: readonly BrickStatus[]
  readonly bytes: number
  readonly free: number
  readonly pending: number
}

export interface BrickStatus {
  readonly pc: string
  readonly state: BrickWord
  readonly arbiter?: true
  /** Where it was last seen to listen. */
  readonly port?: number
}

/** `here`: it has everything; `behind`: it is being brought up to date. */
export type BrickWord = 'here' | 'behind' | 'missing' | 'unknown'

export interface Before {
  readonly generation: number
  readonly conditions: readonly Condition[]
  readonly findings: readonly Finding[]
}

const MOST_FINDINGS = 100

/** The status after a look. Pure. */
export function statusOf(policy: Policy, facts: Facts, done: Plan, before: Before, now: Date): VolumeStatus {
  const view = viewOf(policy, facts, done.memory, now.getTime())
  const sets = (view?.sets ?? []).map((set): SetStatus => {
    const disks = set.flatMap(({ node, arbiter }) => (arbiter ? [] : (brickOf(node) ?? [])))
    return {
      bricks: set.map(({ pc, arbiter, live, whole, missing }) => ({
        pc,
        state: missing ? 'missing' : !live ? 'unknown' : whole ? 'here' : 'behind',
        ...(arbiter ? { arbiter: true as const } : {}),
        ...portOf(facts, pc),
      })),
      bytes: least(disks.map(({ bytes }) => bytes)),
      free: least(disks.map(({ free }) => free)),
      pending: Math.max(0, ...set.map(({ pending }) => pending)),
    }
  })
  const { volume } = view ?? {}
  const findings = worstFirst([...roomFindings(sets, before.findings), ...done.findings])
  return {
    observedGeneration: before.generation,
    conditions: conditionsOf(
      { ...done, findings },
      policy,
      volume && volume.width - volume.arbiters,
      before,
      now,
    ),
    copies: volume === undefined ? 0 : volume.width - volume.arbiters,
    sets,
    bytes: sum(sets.map(({ bytes }) => bytes)),
    free: sum(sets.map(({ free }) => free)),
    servers: [...new Set((volume?.status === 'started' ? volume.bricks : []).map(({ pc }) => pc))],
    spares: (view?.spares ?? []).map(({ pc }) => pc.name),
    safeToPull: done.safeToPull,
    findings: findings.slice(0, MOST_FINDINGS),
    memory: done.memory,
  }
}

function portOf({ running }: Facts, pc: string): { readonly port?: number } {
  const port = running === 'unread' ? undefined : running.find((one) => one.pc === pc)?.port
  return port === undefined ? {} : { port }
}

const least = (all: readonly number[]): number => (all.length === 0 ? 0 : Math.min(...all))
const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0)

/** Findings that say that somebody's files cannot be reached. */
const STANDS_STILL = ['Unread', 'WaitingForBricks', 'WaitingForAgents', 'SetLost', 'NoQuorum']

function conditionsOf(
  { findings, change }: Plan,
  policy: Policy,
  copies: number | undefined,
  { generation, conditions }: Before,
  now: Date,
): Condition[] {
  const bad = (of: (one: Finding) => boolean): Finding | undefined => findings.find(of)
  const still = bad(({ reason, severity }) => severity === 'trouble' && STANDS_STILL.includes(reason))
  const unwell = bad(({ severity }) => severity === 'trouble' || severity === 'degraded')
  const said = (
    one: Finding | undefined,
    well: string,
  ): Pick<ConditionNews, 'status' | 'reason' | 'message'> =>
    one === undefined
      ? { status: 'True', reason: well, message: '' }
      : { status: 'False', reason: one.reason, message: `${one.where}: ${one.what}. ${one.mend}` }
  const born = copies !== undefined
  const news: ConditionNews[] = [
    {
      type: 'Available',
      generation,
      ...(born || still
        ? said(still, 'AllSetsAnswer')
        : { status: 'False', reason: 'NotMadeYet', message: 'the volume is being made' }),
    },
    { type: 'Healthy', generation, ...said(unwell, 'NothingMissing') },
    {
      type: 'CopiesComplete',
      generation,
      status: copies === policy.copies ? 'True' : 'False',
      reason: copies === policy.copies ? 'AsWanted' : 'FewerCopies',
      message: copies === policy.copies ? '' : `${copies ?? 0} of ${policy.copies} copies`,
    },
    {
      type: 'Changing',
      generation,
      status: change === undefined ? 'False' : 'True',
      reason: change === undefined ? 'Nothing' : 'Change',
      message: change === undefined ? '' : change.change,
    },
  ]
  return news.map((one) => {
    const old = conditions.find(({ type }) => type === one.type)
    return old !== undefined && !isNews(old, one) ? old : conditionOver(old, one, now)
  })
}
