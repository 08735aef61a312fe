import type { BatchV1Api, CoreV1Api } from '@kubernetes/client-node'
import type { Clock } from '../../service/clock.ts'
import type { Effect, NodeStep } from '../effect.ts'
import type { Gateway } from '../etcd/gateway.ts'
import { moveLeader, removeMember } from '../etcd/members.ts'
import { nodeJob } from '../jobs/job.ts'
import { jobName } from '../jobs/name.ts'
import { STEPS, type Step } from '../jobs/step.ts'
import { etcdEndpoint } from '../observe/etcd.ts'
import { hostFactsFrom, reachAttempt } from '../observe/jobs.ts'
import type { Look } from '../observe/look.ts'
import { planNames } from '../observe/secrets.ts'
import { WARNED_FOR } from '../prepare.ts'
import type { Operation } from '../state.ts'
import type { ApiFiles } from './api-files.ts'
import { copyNow, makeJob, stopJob } from './jobs.ts'
import { removeJoinSecrets, writeJoinSecrets } from './join-secrets.ts'
import { cordon, deleteNode, evict, uncordon, unmark, warn } from './node.ts'

/** Does what was decided and admitted. What comes of it is judged by the next look, never by what stands here. */

export interface Hands {
  readonly core: CoreV1Api
  readonly batch: BatchV1Api
  readonly gateway: Gateway
  readonly clock: Clock
  /** Of node jobs, by digest. */
  readonly image: string
  /** PEM: the cluster's own authority. */
  readonly authority: string
  /** Files that the API server of this master is given beside kubeadm's own, by name. */
  apiFiles(): Promise<ApiFiles>
}

/** What was found in the way, for people; undefined where nothing was. */
export type InTheWay = string | undefined

/** @throws where the API server does not do it: the next look finds it undone, and it is asked for again */
export async function act(effect: Effect, operation: Operation, look: Look, hands: Hands): Promise<InTheWay> {
  const { core, batch, clock } = hands
  switch (effect.do) {
    case 'ask':
      return ask(effect, operation, look, hands)
    case 'backup':
      await copyNow(batch, effect.job, operation.id)
      return undefined
    case 'job':
      return nodeStep(effect.step, effect.node, operation, look, hands)
    case 'stop-job':
      await stopJob(batch, effect.job)
      return undefined
    case 'warn':
      await warn(core, effect.node, operation.id, new Date(clock.wall().getTime() + WARNED_FOR))
      return undefined
    case 'cordon':
      await cordon(core, effect.node, operation.id)
      return undefined
    case 'uncordon':
      await uncordon(core, effect.node)
      return undefined
    case 'evict': {
      const kept = await evict(core, effect.pods)
      return kept.length === 0 ? undefined : `these do not go yet: ${kept.join('; ')}`
    }
    case 'unmark':
      await unmark(core, effect.node)
      return undefined
    case 'move-leader':
      return lead(effect, look, hands)
    case 'remove-member': {
      const others = endpoints(look, (pc) => pc !== effect.pc)
      const answer = await removeMember(hands.gateway, others, effect.member)
      return answer.is === 'done' ? undefined : answer.why
    }
    case 'delete-node':
      await deleteNode(core, effect.node, effect.uid)
      return undefined
    case 'delete-secrets':
      await removeJoinSecrets(core, effect.operations)
      return undefined
  }
}

/** Client URLs of members that answered, on PCs of that kind. */
function endpoints({ facts, addresses }: Look, wanted: (pc: string) => boolean): string[] {
  const { etcd } = facts
  const members = etcd === 'unread' ? [] : etcd.members
  return members
    .filter(({ pc, answers }) => answers && wanted(pc))
    .flatMap(({ pc }) => addresses.find(({ name }) => name === pc) ?? [])
    .map(({ address }) => etcdEndpoint(address))
}

async function lead(
  { from, to }: Extract<Effect, { do: 'move-leader' }>,
  look: Look,
  { gateway }: Hands,
): Promise<InTheWay> {
  const members = look.facts.etcd === 'unread' ? [] : look.facts.etcd.members
  const next = members.find(({ id }) => id === to)
  const [leader] = endpoints(look, (pc) => pc === from)
  const [endpoint] = endpoints(look, (pc) => pc === next?.pc)
  if (leader === undefined || endpoint === undefined) return `${from} or its successor cannot be asked`
  const answer = await moveLeader(gateway, leader, { id: to, endpoint })
  return answer.is === 'done' ? undefined : answer.why
}

/** Grows with each operation; it stands at the end of its id. */
const epochOf = ({ id }: Operation): number => Number(/-(\d+)$/.exec(id)?.[1])

async function ask(
  { master, round, from }: Extract<Effect, { do: 'ask' }>,
  operation: Operation,
  { addresses }: Look,
  { batch, image }: Hands,
): Promise<InTheWay> {
  const address = addresses.find(({ name }) => name === master)?.address
  if (address === undefined) return `the address of ${master} is not known`
  const attempt = reachAttempt(
    round,
    operation.leaving.findIndex(({ name }) => name === master),
  )
  const step: Step = { name: 'reach', argument: address }
  for (const node of from)
    await makeJob(
      batch,
      nodeJob({ operation: operation.id, attempt, epoch: epochOf(operation), step, node, image }),
    )
  return undefined
}

async function nodeStep(
  name: NodeStep,
  node: string,
  operation: Operation,
  look: Look,
  hands: Hands,
): Promise<InTheWay> {
  if ('plan' in STEPS[name]) {
    const missing = await prepare(operation, look, hands)
    if (missing !== undefined) return missing
  }
  const { id, tries, heir } = operation
  const { mint, join } = planNames(id)
  const step: Step =
    name === 'reboot'
      ? { name, argument: heir?.bootId ?? '' }
      : name === 'mint'
        ? { name, secret: mint }
        : name === 'preflight' || name === 'join'
          ? { name, secret: join }
          : { name }
  const job = { operation: id, attempt: tries, epoch: epochOf(operation), step, node, image: hands.image }
  await makeJob(hands.batch, nodeJob(job))
  return undefined
}

/**
 * Writes what the heir joins by. A master is asked first which files its API server is given: the heir must have the same before
 * anything is taken away.
 */
async function prepare(operation: Operation, look: Look, hands: Hands): Promise<InTheWay> {
  const { id, heir } = operation
  if (look.plans.includes(planNames(id).join)) return undefined
  const address = look.addresses.find(({ name }) => name === heir?.name)?.address
  if (heir === undefined || address === undefined)
    return `the address of ${heir?.name ?? 'the heir'} is not known`
  const master = look.facts.apis.find((name) => !operation.leaving.some((one) => one.name === name))
  if (master === undefined) return 'no API server of a master that stays is ready'
  // Another one each time it is tried, and no longer waited for than that.
  const attempt = operation.tries
  const asked = look.jobs.jobs.find(({ metadata }) =>
    metadata?.name?.startsWith(jobName(id, attempt, 'facts')),
  )
  const told = hostFactsFrom(look.jobs.jobs, look.jobs.pods, asked?.metadata?.name ?? '')
  if (told === undefined) {
    const step: Step = { name: 'facts' }
    if (asked === undefined)
      await makeJob(
        hands.batch,
        nodeJob({
          operation: id,
          attempt,
          epoch: epochOf(operation),
          step,
          node: master,
          image: hands.image,
        }),
      )
    return `${asked?.spec?.template.spec?.nodeName ?? master} is asked which files its API server is given`
  }
  const { apiFiles } = told
  const own = await hands.apiFiles()
  if ('refusal' in own) return own.refusal
  const now = hands.clock.wall()
  const { authority } = hands
  await writeJoinSecrets(hands.core, {
    operation: id,
    node: heir.name,
    address,
    authority,
    apiFiles,
    brought: own.files,
    now,
  })
  return undefined
}
