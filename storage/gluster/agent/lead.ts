import { isDeepStrictEqual } from 'node:util'
import { HEAL_ASKED } from '../../../config/labels.ts'
import type { Clock } from '../../../service/clock.ts'
import { turns } from '../../../service/turns.ts'
import { act, type Hands } from '../glusterd/act.ts'
import { type Asked, type Look, observe } from '../glusterd/observe.ts'
import { plan } from '../plan/decide.ts'
import type { Facts, Intent, Plan, Policy } from '../plan/facts.ts'
import type { GlusterCluster } from './cluster.ts'
import { changeMemory } from './memory.ts'
import { statusOf, type VolumeStatus } from './status.ts'
import { memoryOf, type StoredVolume } from './stored.ts'
import { BIRTH, OPTIONS } from './volume-options.ts'

export interface Leading {
  readonly cluster: GlusterCluster
  readonly hands: Hands & Asked
  readonly clock: Clock
  /** The root of the volume as a client shows it. */
  readonly root: () => Promise<Facts['root']>
  readonly listener: LeadListener
}

export interface LeadListener {
  looked(look: Look, done: Plan, status: VolumeStatus): void
  acted(intent: Intent): void
  failed(error: unknown): void
}

/** Ms to the next look: while something is going on, and otherwise. */
const RHYTHM = { soon: 1_000, idle: 5_000 }

/** Keeps the volume as `cluster.yaml` wants it, one change after the other, until the signal aborts. */
export async function lead(leading: Leading, signal: AbortSignal): Promise<void> {
  const { clock, listener } = leading
  const rest = (changed: boolean | undefined): number => (changed ? RHYTHM.soon : RHYTHM.idle)
  await turns(clock, { rest, failed: listener.failed }, signal, () => tick(leading, signal))
}

export const policyOf = ({ spec, metadata }: StoredVolume, volume: string): Policy => ({
  volume,
  copies: spec.replicas,
  minCopies: spec.minReplicas,
  spares: spec.spares,
  replaceAfter: spec.replaceAfterSeconds * 1_000,
  healAsked: Date.parse(metadata.annotations[HEAL_ASKED] ?? '') || 0,
  birth: BIRTH,
  options: OPTIONS,
})

/** One look, and at most one change. @returns whether something is going on */
async function tick(leading: Leading, signal: AbortSignal): Promise<boolean> {
  const { cluster, hands, clock, listener } = leading
  // The memory before everything else: what somebody else writes meanwhile makes this look void.
  const stored = await cluster.volume()
  const memory = memoryOf(stored)
  const policy = policyOf(stored, hands.volume)
  const [look, root] = await Promise.all([observe(hands), leading.root()])
  // Later than the pool: of a PC that is heard there, its agent has told before which disk it has now.
  const pcs = await cluster.pcs().catch((error: unknown): 'unread' => {
    listener.failed(error)
    return 'unread'
  })
  const facts: Facts = { self: hands.me, pcs, ...look.told, root, memory }
  const done = plan(policy, facts, clock.wall().getTime())
  const before = {
    generation: stored.metadata.generation,
    conditions: conditionsIn(stored),
    findings: findingsIn(stored),
  }
  const status = statusOf(policy, facts, done, before, clock.wall())
  listener.looked(look, { ...done, findings: status.findings }, status)
  if (signal.aborted) return false
  const written = isDeepStrictEqual(plain(status), plain(stored.status))
    ? stored
    : await cluster.write(stored, status)
  // Somebody else wrote: whatever was decided was decided on what is old.
  if (written === undefined) return true
  const { change } = done
  const { intent } = done.memory
  if (change === undefined || intent === undefined) return change !== undefined || memory.intent !== undefined
  const answer = await act(change, hands)
  const answered = { ...intent, answer }
  listener.acted(answered)
  await writeAnswer(cluster, answered)
  return true
}

/** As JSON has it: what is undefined is not there. */
const plain = (value: unknown): unknown => (value === undefined ? {} : JSON.parse(JSON.stringify(value)))

const conditionsIn = ({ status }: StoredVolume): VolumeStatus['conditions'] =>
  Array.isArray(status?.conditions) ? status.conditions : []

const findingsIn = ({ status }: StoredVolume): VolumeStatus['findings'] =>
  Array.isArray(status?.findings) ? status.findings : []

/** What came of it, beside the change that was written down before; lost, it is found out by looking. */
async function writeAnswer(cluster: GlusterCluster, answered: Intent): Promise<void> {
  if (answered.answer === undefined) return
  await changeMemory(cluster, (memory) => {
    const isOurs = memory.intent?.since === answered.since && memory.intent.answer === undefined
    return isOurs ? { ...memory, intent: answered } : undefined
  })
}
