import type { CoreV1Event, V1Deployment, V1Pod, V1PodStatus } from '@kubernetes/client-node'
import test from 'ava'
import { ENTRY_UUID, LAST_INPUT, PERSON, STOPS_AT, TEMPLATE, WAITING_SINCE } from '../../../config/labels.ts'
import { observe } from '../../../gateway/desktops/observe.ts'

/** What the API server shows of Ada's desktop. */
const MADE = '2026-11-23T12:00:00Z'
const LATER = '2026-11-23T12:00:05Z'

const deployment = (
  more: {
    annotations?: Record<string, string>
    replicas?: number
    status?: V1Deployment['status']
    name?: string
    deletionTimestamp?: Date
  } = {},
): V1Deployment => ({
  metadata: {
    name: more.name ?? 'desktop-ada',
    labels: { [PERSON]: 'ada', [TEMPLATE]: 'light' },
    annotations: more.annotations ?? {},
    resourceVersion: '7',
    ...(more.deletionTimestamp && { deletionTimestamp: more.deletionTimestamp }),
  },
  spec: {
    replicas: more.replicas ?? 1,
    selector: {},
    template: { metadata: { labels: { [PERSON]: 'ada' } } },
  },
  ...(more.status && { status: more.status }),
})

const pod = (status: V1PodStatus = {}, more: { name?: string; pc?: string; made?: string } = {}): V1Pod => ({
  metadata: {
    name: more.name ?? 'desktop-ada-5f7-abcde',
    uid: `uid of ${more.name ?? 'the pod'}`,
    creationTimestamp: new Date(more.made ?? MADE),
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'desktop-ada-5f7', uid: 'r', controller: true },
    ],
  },
  spec: { containers: [], ...(more.pc && { nodeName: more.pc }) },
  status,
})

const unschedulable = (message: string): V1PodStatus => ({
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
})

const event = (reason: string, at: string, message = ''): CoreV1Event => ({
  metadata: {},
  involvedObject: { uid: 'uid of the pod' },
  reason,
  message,
  lastTimestamp: new Date(at),
})

const podOf = (one: V1Pod, ...events: CoreV1Event[]) => observe(deployment(), [one], events)?.pod

for (const message of [
  '0/5 nodes are available: persistentvolumeclaim "home-ada" not found. not found',
  '0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
  "0/5 nodes are available: 5 node(s) didn't find available persistent volumes to bind.",
]) {
  test(`a missing home is no full room, which would keep everybody waiting: ${message}`, (t) => {
    t.like(podOf(pod(unschedulable(message))), { step: 'asked', fault: { kind: 'home', detail: message } })
  })
}

for (const message of [
  "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.",
  "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
  '0/3 nodes are available: 3 node(s) had untolerated taint(s).',
]) {
  test(`PCs that do not take this very pod are no full room: ${message}`, (t) => {
    t.like(podOf(pod(unschedulable(message))), { step: 'asked', fault: { kind: 'place', detail: message } })
  })
}

test('too many pods on every PC is a full room', (t) => {
  t.is(podOf(pod(unschedulable('0/1 nodes are available: 1 Too many pods.')))?.step, 'unschedulable')
})

test('a full room is no missing home', (t) => {
  const found = podOf(pod(unschedulable('0/5 nodes are available: 5 Insufficient memory. preemption: none')))
  t.is(found?.step, 'unschedulable')
  t.is(found?.fault, undefined)
})

test('a pod goes from step to step by what the kubelet tells, told twice in a second or not', (t) => {
  const bound = pod({}, { pc: 'pc-2' })
  const pulling = event('Pulling', LATER)
  const pulled = event('Pulled', LATER)
  t.is(podOf(pod())?.step, 'asked')
  t.like(podOf(bound), { step: 'found', pc: 'pc-2' })
  t.is(podOf(bound, pulling)?.step, 'image')
  t.is(podOf(bound, pulled, pulling)?.step, 'start')
  t.is(podOf(bound, pulling, event('FailedMount', MADE))?.step, 'image')
  const running = {
    name: 'c',
    image: 'i',
    imageID: '',
    ready: false,
    restartCount: 0,
    state: { running: {} },
  }
  t.is(podOf(pod({ containerStatuses: [running] }, { pc: 'pc-2' }), pulling)?.step, 'start')
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: new Date(LATER) }
  t.like(podOf(pod({ conditions: [ready], podIP: '10.0.0.9' }, { pc: 'pc-2' })), {
    step: 'ready',
    readySince: Date.parse(LATER),
    address: '10.0.0.9',
    made: Date.parse(MADE),
  })
})

test("events of another pod are not this one's", (t) => {
  const other = { ...event('Pulling', LATER), involvedObject: { uid: 'uid of another' } }
  t.is(podOf(pod({}, { pc: 'pc-2' }), other)?.step, 'found')
})

test('what is in the way is told with its words', (t) => {
  const waiting = (reason: string, message?: string) =>
    podOf(
      pod(
        {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: false,
              restartCount: 1,
              state: { waiting: { reason, ...(message && { message }) } },
              lastState: { terminated: { exitCode: 1, message: 'no display' } },
            },
          ],
        },
        { pc: 'pc-2' },
      ),
    )?.fault
  t.deepEqual(waiting('ErrImagePull', 'no such image'), { kind: 'image', detail: 'no such image' })
  t.deepEqual(waiting('ImagePullBackOff'), { kind: 'image', detail: 'ImagePullBackOff' })
  t.deepEqual(waiting('CrashLoopBackOff'), { kind: 'crash', detail: 'no display' })
  t.is(waiting('ContainerCreating')?.kind, undefined)
  t.deepEqual(podOf(pod({}, { pc: 'pc-2' }), event('FailedMount', LATER, 'is not mounted'))?.fault, {
    kind: 'home',
    detail: 'is not mounted',
  })
})

for (const [reason, message, step] of [
  [
    'BackOff',
    'Back-off restarting failed container desktop in pod desktop-ada-5f7-abcde_desktops(1)',
    'start',
  ],
  ['BackOff', 'Back-off pulling image "registry/desktop:1"', 'image'],
  ['Failed', 'Error: failed to create containerd task: no space left on device', 'start'],
  ['Failed', 'Error: secret "desktop-ada" not found', 'start'],
  ['Failed', 'Error: ErrImagePull', 'image'],
  ['Failed', 'Failed to pull image "registry/desktop:1": not found', 'image'],
] as const) {
  test(`the kubelet's word for two things is told apart: ${message}`, (t) => {
    t.is(podOf(pod({}, { pc: 'pc-2' }), event(reason, LATER, message))?.step, step)
  })
}

test('of several pods the newest that lives counts, and those that end are told apart', (t) => {
  const ending = pod({}, { name: 'desktop-ada-5f7-older' })
  ending.metadata = { ...ending.metadata, deletionTimestamp: new Date(LATER) }
  const over = pod({ phase: 'Failed' }, { name: 'desktop-ada-5f7-overs', made: LATER })
  const foreign = pod({}, { name: 'desktop-ada-b-5f7-x', made: LATER })
  foreign.metadata = {
    ...foreign.metadata,
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'desktop-ada-b-5f7', uid: 'o', controller: true },
    ],
  }
  const found = observe(
    deployment(),
    [ending, over, foreign, pod(), pod({}, { name: 'desktop-ada-5f7-newest', made: LATER })],
    [],
  )
  t.is(found?.pod?.name, 'desktop-ada-5f7-newest')
  t.is(found?.endingSince, Date.parse(LATER))
})

test('of a former person of the same login no pod counts but as one that is ending', (t) => {
  const theirs = (one: V1Pod, whose: string): V1Pod => ({
    ...one,
    metadata: { ...one.metadata, annotations: { [ENTRY_UUID]: whose } },
  })
  const desk = deployment({ annotations: { [ENTRY_UUID]: 'new' } })
  const former = theirs(pod({ phase: 'Running' }, { name: 'desktop-ada-5f7-older' }), 'former')
  const seen = observe(desk, [former], [])
  t.is(seen?.entryUUID, 'new')
  t.is(seen?.pod, undefined)
  t.is(seen?.endingSince, Date.parse(MADE))
  const own = observe(desk, [former, theirs(pod({}, { name: 'desktop-ada-5f7-newer' }), 'new')], [])
  t.is(own?.pod?.name, 'desktop-ada-5f7-newer')
})

test('whose it is says the Deployment; of one that an older version made, its program', (t) => {
  t.is(observe(deployment(), [], [])?.entryUUID, '', 'nobody wrote it down')
  const old = deployment()
  const env = [{ name: 'DESKFLEET_ENTRY_UUID', value: 'hers' }]
  if (old.spec) old.spec.template.spec = { containers: [{ name: 'desktop', env }] }
  t.is(observe(old, [pod()], [])?.entryUUID, 'hers')
  t.truthy(observe(old, [pod()], [])?.pod)
})

test('a pod that only names the desktop’s ReplicaSet as its owner is none of it', (t) => {
  const owned = pod(unschedulable('no room'), { name: 'x', made: LATER })
  t.is(observe(deployment(), [pod(), owned], [])?.pod?.name, 'desktop-ada-5f7-abcde')
  t.is(observe(deployment(), [owned], [])?.pod, undefined)
  const named = pod(unschedulable('no room'), { name: 'desktop-ada-5f7-named' })
  for (const reference of named.metadata?.ownerReferences ?? []) delete reference.controller
  t.is(observe(deployment(), [named], [])?.pod, undefined)
})

test('a refusal by admission counts only while there is no pod', (t) => {
  const status = {
    conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }],
  }
  t.is(observe(deployment({ status }), [], [])?.refused, 'exceeded quota')
  t.is(observe(deployment({ status }), [pod()], [])?.refused, undefined)
  t.is(observe(deployment({ status, replicas: 0 }), [], [])?.refused, undefined)
})

test('the annotations are read as times, and what is not there is left out', (t) => {
  const found = observe(
    deployment({
      annotations: { [WAITING_SINCE]: MADE, [LAST_INPUT]: LATER, [STOPS_AT]: 'tomorrow' },
      replicas: 0,
    }),
    [],
    [],
  )
  t.deepEqual(found, {
    slug: 'ada',
    entryUUID: '',
    template: 'light',
    version: '7',
    on: false,
    waitingSince: Date.parse(MADE),
    lastInput: Date.parse(LATER),
  })
})

test('a Deployment of another name, or one that is being deleted, is nobody’s desktop', (t) => {
  t.is(observe(deployment({ name: 'desktop-bob' }), [], []), undefined)
  t.is(observe(deployment({ deletionTimestamp: new Date(LATER) }), [], []), undefined)
})
