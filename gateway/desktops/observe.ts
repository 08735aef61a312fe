import type { CoreV1Event, V1ContainerStatus, V1Deployment, V1Pod } from '@kubernetes/client-node'
import {
  LAST_INPUT,
  PERSON,
  STARTED_AT,
  STOPPED_AT,
  STOPPED_WHY,
  STOPS_AT,
  TEMPLATE,
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
  const own = pods.filter((pod) => isOf(pod, name))
  const living = own
    .filter((pod) => !pod.metadata?.deletionTimestamp && !isOver(pod))
    .sort((a, b) => made(b) - made(a))[0]
  const ending = own.filter((pod) => pod.metadata?.deletionTimestamp && !isOver(pod))
  const on = (deployment.spec?.replicas ?? 1) > 0
  return defined({
    slug,
    template: labels[TEMPLATE] ?? '',
    version: resourceVersion,
    on,
    waitingSince: time(WAITING_SINCE),
    startedAt: time(STARTED_AT),
    stoppedAt: time(STOPPED_AT),
    stoppedWhy: annotations[STOPPED_WHY],
    lastInput: time(LAST_INPUT),
    stopsAt: time(STOPS_AT),
    refused: on && !living ? refusalOf(deployment) : undefined,
    pod: living && podOf(living, events),
    endingSince:
      ending.length > 0
        ? Math.min(
            ...ending.map((pod) => timeOf(pod.metadata?.deletionTimestamp) ?? Number.POSITIVE_INFINITY),
          )
        : undefined,
  })
}

/** Pods of a ReplicaSet of that Deployment, and no other: their names are `<deployment>-<hash>-<random>`. */
const isOf = (pod: V1Pod, deployment: string): boolean =>
  (pod.metadata?.ownerReferences ?? []).some(
    ({ kind, name }) =>
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
  // The scheduler's word for a home that is not there is the one for a full room; taken for that, it would keep
  // everybody else waiting.
  const noHome = scheduling === 'Unschedulable' && /persistentvolumeclaim|persistent volume/i.test(why)
  const step = stepOf(pod, happened.at(-1)?.reason, noHome ? undefined : scheduling)
  const fault = noHome
    ? ({ kind: 'home', detail: why } as const)
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

function stepOf(pod: V1Pod, last: string | undefined, scheduling: string | undefined): Step {
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  if (isReady) return 'ready'
  if (!pod.spec?.nodeName) return scheduling === 'Unschedulable' ? 'noRoom' : 'asked'
  if (pod.status?.containerStatuses?.some(({ state }) => state?.running)) return 'start'
  if (last === 'Pulling' || last === 'Failed' || last === 'BackOff') return 'image'
  return last === 'Pulled' || last === 'Created' || last === 'Started' ? 'start' : 'found'
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
