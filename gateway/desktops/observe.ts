import type { CoreV1Event, V1ContainerStatus, V1Deployment, V1Pod } from '@kubernetes/client-node'
import {
  BEGUN_WITH_PASSWORD,
  ENTRY_UUID,
  LAST_INPUT,
  PERSON,
  START,
  STARTED_AT,
  STOPPED_AT,
  STOPPED_WHY,
  STOPS_AT,
  TEMPLATE,
  TOLD_MOVE,
  TOLD_OVER_LIMIT,
  WAITING_SINCE,
} from '../../config/labels.ts'
import { desktopName } from '../../config/names.ts'
import type { Desktop, DesktopPod, Step } from './desktop.ts'

/** A desktop out of its Deployment, its person's pods and what happened to them; undefined for a foreign Deployment. */
export function observe(
  deployment: V1Deployment,
  pods: readonly V1Pod[],
  events: readonly CoreV1Event[],
): Desktop | undefined {
  const { name, labels = {}, annotations = {}, resourceVersion = '' } = deployment.metadata ?? {}
  const slug = labels[PERSON] ?? deployment.spec?.template.metadata?.labels?.[PERSON]
  if (slug === undefined || name !== desktopName(slug) || deployment.metadata?.deletionTimestamp)
    return undefined
  const time = (key: string) => timeOf(annotations[key])
  const entryUUID = entryUUIDOf(deployment) ?? ''
  // Of one that an older version made no pod says whose it is.
  const isOwners = ({ metadata }: V1Pod) => (metadata?.annotations?.[ENTRY_UUID] ?? entryUUID) === entryUUID
  const stays = (pod: V1Pod) => !pod.metadata?.deletionTimestamp && isOwners(pod)
  const there = pods.filter((pod) => isOf(pod, name) && !isOver(pod))
  const living = there.filter(stays).sort((a, b) => made(b) - made(a))[0]
  const ending = there.filter((pod) => !stays(pod))
  const on = (deployment.spec?.replicas ?? 1) > 0
  return defined({
    slug,
    entryUUID,
    template: labels[TEMPLATE] ?? '',
    version: resourceVersion,
    on,
    waitingSince: time(WAITING_SINCE),
    startedAt: time(STARTED_AT),
    start: annotations[START],
    stoppedAt: time(STOPPED_AT),
    stoppedWhy: annotations[STOPPED_WHY],
    lastInput: time(LAST_INPUT),
    stopsAt: time(STOPS_AT),
    toldOverLimit: time(TOLD_OVER_LIMIT),
    toldMove: annotations[TOLD_MOVE],
    passwordSet: annotations[BEGUN_WITH_PASSWORD],
    refused: on && !living ? refusalOf(deployment) : undefined,
    pod: living && podOf(living, events),
    endingSince:
      ending.length > 0
        ? Math.min(...ending.map((pod) => timeOf(pod.metadata?.deletionTimestamp) ?? made(pod)))
        : undefined,
  })
}

/** Whose desktop a Deployment is; undefined where nobody wrote it down. */
export const entryUUIDOf = ({ metadata, spec }: V1Deployment): string | undefined =>
  metadata?.annotations?.[ENTRY_UUID] ??
  // Where an older version made it.
  spec?.template.spec?.containers
    .flatMap(({ env = [] }) => env)
    .find(({ name }) => name === 'DESKFLEET_ENTRY_UUID')?.value

/**
 * Pods that a ReplicaSet of that Deployment made, and no other: their names are `<deployment>-<hash>-<random>`. Anybody may
 * name any owner in a pod of their own, but no name that begins like a desktop's, which the API server keeps for us.
 */
const isOf = (pod: V1Pod, deployment: string): boolean =>
  (pod.metadata?.name ?? '').startsWith(`${deployment}-`) &&
  (pod.metadata?.ownerReferences ?? []).some(
    ({ kind, name, controller }) =>
      controller === true &&
      kind === 'ReplicaSet' &&
      name.startsWith(`${deployment}-`) &&
      !name.slice(deployment.length + 1).includes('-'),
  )

const isOver = ({ status }: V1Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
const made = (pod: V1Pod): number => timeOf(pod.metadata?.creationTimestamp) ?? 0

/** The kubelet's events, in the order in which they come: its times are whole seconds, so many are at once. */
const ORDER: Readonly<Record<string, number>> = {
  FailedAttachVolume: 0,
  FailedMount: 1,
  Pulling: 2,
  Failed: 3,
  BackOff: 4,
  Pulled: 5,
  Created: 6,
  Started: 7,
}
const order = ({ reason = '' }: CoreV1Event): number => ORDER[reason] ?? 0

function podOf(pod: V1Pod, events: readonly CoreV1Event[]): DesktopPod {
  const name = pod.metadata?.name ?? ''
  const happened = events
    .filter(({ involvedObject, reason = '' }) => involvedObject.uid === pod.metadata?.uid && reason in ORDER)
    .sort((a, b) => eventTime(a) - eventTime(b) || order(a) - order(b))
  const condition = (type: string) => pod.status?.conditions?.find((one) => one.type === type)
  const ready = condition('Ready')
  const { reason: scheduling, message: why = '' } = condition('PodScheduled') ?? {}
  const nowhere = scheduling === 'Unschedulable' ? nowhereOf(why) : undefined
  const step = stepOf(pod, happened.at(-1), nowhere === 'full')
  const fault =
    nowhere === 'home' || nowhere === 'place'
      ? { kind: nowhere, detail: why }
      : faultOf(pod.status?.containerStatuses ?? [], happened.at(-1))
  return defined({
    name,
    step,
    pc: pod.spec?.nodeName,
    address: pod.status?.podIP,
    fault: step === 'ready' ? undefined : fault,
    readySince: ready?.status === 'True' ? timeOf(ready.lastTransitionTime) : undefined,
    made: made(pod),
  })
}

/**
 * Why a pod finds no PC. The scheduler has one word for a room that is full, a home that is not there, and PCs that do not
 * take this very pod; only the first keeps everybody else waiting, too.
 */
function nowhereOf(message: string): 'full' | 'home' | 'place' {
  if (/persistentvolumeclaim|persistent volume/i.test(message)) return 'home'
  return /insufficient|too many pods/i.test(message) ? 'full' : 'place'
}

/** What the last event says of the way of a pod: the kubelet has one word for an image and for programs that fail. */
const STEP_OF: Readonly<Record<string, (message: string) => Step>> = {
  Pulling: () => 'image',
  Failed: (message) => (/image|ErrImage/i.test(message) ? 'image' : 'start'),
  BackOff: (message) => (/pulling image/i.test(message) ? 'image' : 'start'),
  Pulled: () => 'start',
  Created: () => 'start',
  Started: () => 'start',
}

function stepOf(pod: V1Pod, last: CoreV1Event | undefined, isFull: boolean): Step {
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  if (isReady) return 'ready'
  if (!pod.spec?.nodeName) return isFull ? 'unschedulable' : 'asked'
  if (pod.status?.containerStatuses?.some(({ state }) => state?.running)) return 'start'
  return STEP_OF[last?.reason ?? '']?.(last?.message ?? '') ?? 'found'
}

const IMAGE_FAULTS = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']

function faultOf(statuses: readonly V1ContainerStatus[], last: CoreV1Event | undefined): DesktopPod['fault'] {
  for (const { state, lastState } of statuses) {
    const { reason = '', message = '' } = state?.waiting ?? {}
    if (IMAGE_FAULTS.includes(reason)) return { kind: 'image', detail: message || reason }
    if (reason === 'CrashLoopBackOff' || reason.startsWith('Create')) {
      return { kind: 'crash', detail: lastState?.terminated?.message || message || reason }
    }
  }
  if (last?.reason === 'FailedMount' || last?.reason === 'FailedAttachVolume') {
    return { kind: 'home', detail: last.message ?? '' }
  }
  return undefined
}

const eventTime = ({ lastTimestamp, eventTime: at, firstTimestamp, metadata }: CoreV1Event): number =>
  timeOf(lastTimestamp ?? at ?? firstTimestamp ?? metadata.creationTimestamp) ?? 0

/** What admission or a quota said when it refused the pod. */
const refusalOf = ({ status }: V1Deployment): string | undefined =>
  status?.conditions?.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True')?.message

/** client-node's lists hold dates, its watches the texts of the API server. */
function timeOf(moment: Date | string | undefined): number | undefined {
  const time = typeof moment === 'object' ? moment.getTime() : Date.parse(moment ?? '')
  return Number.isNaN(time) ? undefined : time
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The fields that have a value: absence is said by leaving out. */
function defined<T extends object>(fields: T): Defined<T>
function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
