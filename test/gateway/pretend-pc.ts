import {
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
  type V1Pod,
} from '@kubernetes/client-node'
import { NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator } from '../harness/lab.ts'

/**
 * A PC for a lab that has none: a Node whose kubelet is this loop. It takes pods of desktops, says how far they are,
 * and removes those that end. All else (API server, admission, scheduler, controllers) is real.
 */
export interface PretendPc {
  readonly name: string
  /** How far its pods get: `found` is bound and no further. */
  reach(step: Step): void
  /** From now on its pods say that they have been ready for so long, in ms. */
  readyFor(ms: number): void
  /** How long a pod takes to be ready once it is found, in ms. */
  startTakes(ms: number): void
  /** How many pods it takes. */
  room(pods: number): void
  end(): Promise<void>
}

type Step = 'found' | 'image' | 'ready'

const namespace = NAMESPACES.desktops

export async function pretendPc(
  lab: BareLab,
  name: string,
  only: (pod: V1Pod) => boolean = () => true,
): Promise<PretendPc> {
  const kubeConfig = administrator(lab)
  const core = kubeConfig.makeApiClient(CoreV1Api)
  const coordination = kubeConfig.makeApiClient(CoordinationV1Api)
  // Nobody but its own kubelet may say how a desktop's pod fares.
  const itself = new KubeConfig()
  itself.loadFromFile(await lab.actAsUser(`system:node:${name}`, ['system:nodes']))
  const kubelet = itself.makeApiClient(CoreV1Api)
  let reached: Step = 'ready'
  let pods = 100
  let readyFor = 0
  let startTakes = 0
  let over = false
  const merge = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch)
  const now = () => new Date()

  // Full for the scheduler: its pods' claims have no volumes here, so this loop binds them itself.
  await core.createNode({ body: { metadata: { name } } }).catch(() => {})
  const alive = async () => {
    const capacity = { cpu: '4', memory: '8Gi', pods: '0' }
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'Pretended',
      message: '',
      lastHeartbeatTime: now(),
      lastTransitionTime: now(),
    }
    await core.patchNodeStatus(
      { name, body: { status: { capacity, allocatable: capacity, conditions: [ready] } } },
      merge,
    )
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: new V1MicroTime() }
    const body = { metadata: { name, namespace: 'kube-node-lease' }, spec }
    await coordination
      .replaceNamespacedLease({ name, namespace: 'kube-node-lease', body })
      .catch(() => coordination.createNamespacedLease({ namespace: 'kube-node-lease', body }))
      .catch(() => {})
  }
  const bind = (pod: string) =>
    core
      .createNamespacedPodBinding({
        namespace,
        name: pod,
        body: { metadata: { name: pod, namespace }, target: { apiVersion: 'v1', kind: 'Node', name } },
      })
      // The API server's answer is a Status, which client-node does not expect here.
      .catch(() => {})
  const report = async (pod: V1Pod, step: Step) => {
    const isReady = step === 'ready'
    const at = now()
    const condition = (type: string, status: boolean) => ({
      type,
      status: status ? 'True' : 'False',
      lastTransitionTime: new Date(at.getTime() - readyFor),
    })
    const state = isReady ? { running: { startedAt: at } } : { waiting: { reason: 'ContainerCreating' } }
    const { name: container = '', image = '' } = pod.spec?.containers[0] ?? {}
    const status = {
      phase: isReady ? 'Running' : 'Pending',
      conditions: [
        condition('Initialized', true),
        condition('ContainersReady', isReady),
        condition('Ready', isReady),
      ],
      containerStatuses: [
        { name: container, image, imageID: '', ready: isReady, restartCount: 0, started: isReady, state },
      ],
    }
    await kubelet.patchNamespacedPodStatus(
      { namespace, name: pod.metadata?.name ?? '', body: { status } },
      merge,
    )
    if (step === 'image') await happened(pod, 'Pulling', 'Pulling image')
  }
  const happened = (pod: V1Pod, reason: string, message: string) => {
    const { name: podName = '', uid = '' } = pod.metadata ?? {}
    const involvedObject = { apiVersion: 'v1', kind: 'Pod', name: podName, namespace, uid }
    const metadata = { name: `${podName}.${reason.toLowerCase()}`, namespace }
    const body = {
      metadata,
      involvedObject,
      reason,
      message,
      type: 'Normal',
      firstTimestamp: now(),
      lastTimestamp: now(),
    }
    return core.createNamespacedEvent({ namespace, body }).catch(() => {})
  }
  const reported = new Map<string, string>()
  const foundAt = new Map<string, number>()
  const look = async () => {
    const all = (await core.listNamespacedPod({ namespace })).items.filter(only)
    const mine = all.filter(({ spec }) => spec?.nodeName === name)
    for (const pod of mine.filter(({ metadata }) => metadata?.deletionTimestamp)) {
      await core
        .deleteNamespacedPod({ namespace, name: pod.metadata?.name ?? '', gracePeriodSeconds: 0 })
        .catch(() => {})
    }
    const living = mine.filter(({ metadata }) => !metadata?.deletionTimestamp)
    for (const pod of living) {
      const uid = pod.metadata?.uid ?? ''
      const since = foundAt.get(uid) ?? performance.now()
      foundAt.set(uid, since)
      const step = reached === 'ready' && performance.now() - since < startTakes ? 'found' : reached
      if (reported.get(uid) === step) continue
      await report(pod, step).then(
        () => reported.set(uid, step),
        () => {},
      )
    }
    const waiting = all.filter(({ spec, metadata }) => !spec?.nodeName && !metadata?.deletionTimestamp)
    for (const pod of waiting.slice(0, Math.max(0, pods - living.length)))
      await bind(pod.metadata?.name ?? '')
  }
  await alive()
  const running = (async () => {
    let beat = Date.now()
    while (!over) {
      await look().catch(() => {})
      if (Date.now() - beat > 5_000) {
        beat = Date.now()
        await alive().catch(() => {})
      }
      await new Promise((done) => setTimeout(done, 60))
    }
  })()
  return {
    name,
    reach: (to) => {
      reached = to
    },
    readyFor: (ms) => {
      readyFor = ms
    },
    startTakes: (ms) => {
      startTakes = ms
    },
    room: (many) => {
      pods = many
    },
    async end() {
      over = true
      await running
      await core.deleteNode({ name }).catch(() => {})
    },
  }
}
