import type { V1Deployment, V1Lease, V1Node, V1PersistentVolume, V1Pod } from '@kubernetes/client-node'
import type { ToldVolume } from '../../cluster/gluster-volume.ts'
import {
  BRICK,
  CORDONED_BY,
  DISK_FREE,
  LAST_INPUT,
  MASTER,
  MOVES_FOR,
  NEVER_MASTER,
  PERSON,
  WRITE_TAKES,
} from '../../config/labels.ts'
import { desktopName, NAMESPACES, STORAGE } from '../../config/names.ts'
import { amount } from '../../config/quantity.ts'
import type { Node, NodeBrick, Pod } from '../facts.ts'

/** The PCs of the room and what runs on them, out of the cluster's objects as they were read. Pure. */

export interface Seen {
  readonly nodes: readonly V1Node[]
  /** Of the namespace `kube-node-lease`: by these kubelets say that they live. */
  readonly leases: readonly V1Lease[]
  /** Of all namespaces. */
  readonly pods: readonly V1Pod[]
  /** Those of desktops: they know when somebody used a key last. */
  readonly deployments: readonly V1Deployment[]
  readonly disks: readonly V1PersistentVolume[]
  /** Undefined: homes lie on no Gluster volume. `'unread'`: on one of which nothing is known, or nothing new. */
  readonly volume: ToldVolume | 'unread' | undefined
  readonly now: number
}

const ZONE = 'topology.kubernetes.io/zone'
/** By this the cluster's autoscaler, too, is told to leave a pod where it is. */
const MOVABLE = 'cluster-autoscaler.kubernetes.io/safe-to-evict'
/** On what the API server shows of a pod that a kubelet has from a file. */
const MIRROR = 'kubernetes.io/config.mirror'
/** Whoever used a key within this is at work. */
const AT_WORK = 15 * 60_000

export function nodesFrom(seen: Seen): readonly Node[] {
  const heard = new Map(seen.leases.map(({ metadata, spec }) => [metadata?.name, spec?.renewTime]))
  const pods = Map.groupBy(seen.pods.filter(runs), ({ spec }) => spec?.nodeName)
  const about: About = {
    inputs: new Map(seen.deployments.map(inputOf)),
    bound: new Set(seen.disks.filter(isOfOnePc).map(claimOf)),
    now: seen.now,
  }
  return seen.nodes.map((node): Node => {
    const { name = '', uid = '', labels = {}, annotations = {} } = node.metadata ?? {}
    const { capacity = {}, conditions = [], nodeInfo } = node.status ?? {}
    const { cpu = '0', memory = '0' } = capacity
    return {
      name,
      uid,
      ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
      renewTime: textOf(heard.get(name)),
      bootId: nodeInfo?.bootID ?? '',
      master: MASTER in labels,
      unschedulable: node.spec?.unschedulable === true,
      cordonedBy: annotations[CORDONED_BY],
      warnedBy: annotations[MOVES_FOR],
      version: nodeInfo?.kubeletVersion ?? '',
      cores: amount(cpu),
      memory: amount(memory),
      diskFree: measured(annotations[DISK_FREE]),
      fsync: measured(annotations[WRITE_TAKES]),
      zone: labels[ZONE],
      never: labels[NEVER_MASTER] === 'true',
      pods: (pods.get(name) ?? []).map((pod) => podFrom(pod, about)),
      brick: brickOn(name, BRICK in labels, seen.volume),
    }
  })
}

/** One that has ended keeps its place in lists until somebody deletes it. */
const runs = ({ status }: V1Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

/** Client-node's lists hold dates, its watches the texts of the API server. */
const textOf = (time: Date | string | undefined): string | undefined =>
  time instanceof Date ? time.toISOString() : time

/** Undefined also where somebody wrote what is no measure. */
function measured(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) && value >= 0 ? value : undefined
}

interface About {
  /** By desktop: when somebody used a key or the pointer last. */
  readonly inputs: ReadonlyMap<string, number>
  /** Claims, as `namespace/name`, of volumes that are one PC's. */
  readonly bound: ReadonlySet<string>
  readonly now: number
}

const inputOf = ({ metadata }: V1Deployment): readonly [string, number] => [
  metadata?.name ?? '',
  Date.parse(metadata?.annotations?.[LAST_INPUT] ?? ''),
]

/** Its files are on the disk of one PC: the volume says on which, and a pod that uses it runs there. */
const isOfOnePc = ({ spec }: V1PersistentVolume): boolean =>
  spec?.local !== undefined || (spec?.hostPath !== undefined && spec.nodeAffinity !== undefined)

const claimOf = ({ spec }: V1PersistentVolume): string =>
  `${spec?.claimRef?.namespace ?? ''}/${spec?.claimRef?.name ?? ''}`

function podFrom(pod: V1Pod, { inputs, bound, now }: About): Pod {
  const {
    name = '',
    namespace = '',
    labels = {},
    annotations = {},
    ownerReferences = [],
  } = pod.metadata ?? {}
  const person = labels[PERSON]
  const desktop = namespace === NAMESPACES.desktops && person !== undefined
  // The gateway's clock wrote it, and may be ahead of ours.
  const input = desktop ? inputs.get(desktopName(person)) : undefined
  return {
    name: `${namespace}/${name}`,
    priority: pod.spec?.priority ?? 0,
    stays: MIRROR in annotations || ownerReferences.some(({ kind }) => kind === 'DaemonSet'),
    desktop,
    active: input !== undefined && Math.abs(now - input) < AT_WORK,
    localData: writesOnPc(pod) || claimsOf(pod).some((claim) => bound.has(claim)),
    pinned: annotations[MOVABLE] === 'false',
  }
}

const claimsOf = ({ metadata, spec }: V1Pod): readonly string[] =>
  (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : `${metadata?.namespace ?? ''}/${claim.claimName}`,
  )

/** Whether it may write into a folder of the PC. What the room's storage shows there is the same on every PC. */
function writesOnPc({ spec }: V1Pod): boolean {
  const folders = (spec?.volumes ?? []).filter(({ hostPath }) => hostPath && !isShared(hostPath.path))
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  return containers.some(({ volumeMounts = [] }) =>
    volumeMounts.some(({ name, readOnly }) => readOnly !== true && folders.some((one) => one.name === name)),
  )
}

const isShared = (path: string): boolean => path === STORAGE.run || path.startsWith(`${STORAGE.run}/`)

/** No set has this number. */
const UNKNOWN: NodeBrick = { set: -1, mayLose: false }
/** Of two bricks the one that stays is no majority, and takes no writes. */
const LEAST = 3

function brickOn(pc: string, hasDisk: boolean, volume: Seen['volume']): NodeBrick | 'none' {
  if (volume === undefined) return 'none'
  if (volume === 'unread' || volume.sets.length === 0) return hasDisk ? UNKNOWN : 'none'
  const set = volume.sets.findIndex(({ bricks }) => bricks.some((brick) => brick.pc === pc))
  const { bricks, pending } = volume.sets[set] ?? { bricks: [], pending: 0 }
  // A disk that the volume does not use, of a spare or of a PC whose plug may be pulled, holds nobody's files.
  if (bricks.length === 0) return 'none'
  const answers = volume.conditions.some(({ type, status }) => type === 'Available' && status === 'True')
  const whole = pending === 0 && bricks.every(({ state }) => state === 'here')
  return { set, mayLose: answers && whole && bricks.length >= LEAST }
}
