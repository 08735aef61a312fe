import { stringify } from 'yaml'
import { BRICK } from '../../config/labels.ts'
import { BRICK_SIZE_FOLDER } from './brick.ts'
import { etcdTag, type Versions } from './component-images.ts'
import { SHARED_DIRECTORY } from './volumes.ts'

/** How many PCs of each kind a room has. */
export interface RoomWish {
  readonly masters: number
  readonly workers: number
}

/** One PC of the room: a kind node with an address that stays. */
export interface Pc {
  readonly name: string
  readonly role: 'master' | 'worker'
  readonly address: string
}

/** The room's network inside its machine. Nobody outside sees it, so all rooms use the same one. */
export const NETWORK = { name: 'kind', subnet: '10.90.0.0/24', gateway: '10.90.0.1' } as const

/** The room's one address: in the network of its PCs, and none of theirs. */
export const DOOR_ADDRESS = '10.90.0.100/24'

/** The name of the load balancer that kind puts in front of several masters, and its address. */
export const balancerOf = (room: string): { name: string; address: string } => ({
  name: `${room}-external-load-balancer`,
  address: '10.90.0.5',
})

/** The PCs of a room, by the names that kind gives them: `room-control-plane`, `-control-plane2`, `room-worker`, … */
export function pcsOf(room: string, { masters, workers }: RoomWish): Pc[] {
  const numbered = (stem: string, number: number): string => `${room}-${stem}${number === 1 ? '' : number}`
  const counted = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
  return [
    ...counted(masters).map((number) => ({
      name: numbered('control-plane', number),
      role: 'master' as const,
      address: `10.90.0.${10 + number}`,
    })),
    ...counted(workers).map((number) => ({
      name: numbered('worker', number),
      role: 'worker' as const,
      address: `10.90.0.${50 + number}`,
    })),
  ]
}

/** Why a room of that size cannot be, or undefined when it can. */
export function refuseWish({ masters, workers }: RoomWish): string | undefined {
  if (masters !== 1 && masters !== 3 && masters !== 5)
    return 'a room has 1, 3 or 5 masters: with 2 or 4 one dead PC more stops it, not one less'
  if (workers > 20) return 'a room in this lab has at most 20 workers'
  return undefined
}

/** Masters take desktops when the others are full: kubeadm's own taint, which forbids them, gives way to a wish. */
const MASTER = ['InitConfiguration', 'JoinConfiguration'].map((kind) =>
  stringify({
    kind,
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    nodeRegistration: {
      taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'PreferNoSchedule' }],
    },
  }),
)

/** A node image that was made here; without one kind takes its own published one. */
export interface OwnNode {
  readonly image: string
  readonly versions: Versions
  /** Folder, as kind's engine sees it, of which each PC reads how large its brick is. */
  readonly bricks: string
}

/** What the Node of a PC with a brick says; kind's published image makes none. */
export const BRICK_LABEL = { [BRICK]: 'true' }

/**
 * The configuration that kind makes the cluster from; `shared` is the folder, as kind's engine sees it, that all PCs
 * have in common. Its timings are the design's: a silent PC is known as dead
 * after 20 s, since leases are renewed every 4 s (a quarter of their length). Masters carry desktops like every PC.
 */
export function kindConfig(room: string, wish: RoomWish, shared: string, own?: OwnNode): string {
  const patches = [
    {
      kind: 'ClusterConfiguration',
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      ...(own
        ? {
            etcd: { local: { imageTag: etcdTag(own.versions) } },
            dns: { imageTag: own.versions.coredns },
          }
        : {}),
      controllerManager: {
        extraArgs: [{ name: 'node-monitor-grace-period', value: '20s' }],
      },
    },
    {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      nodeLeaseDurationSeconds: 16,
      // Machines with the old kind of cgroups are still about; the kubelet runs there when told to.
      failCgroupV1: false,
      // No desktop takes the PC's processes, or its disk by what it logs.
      podPidsLimit: 4096,
      containerLogMaxSize: '10Mi',
      containerLogMaxFiles: 3,
    },
  ]
  const nodes = pcsOf(room, wish).map(({ role }) => ({
    ...(own ? { image: own.image, labels: BRICK_LABEL } : {}),
    extraMounts: [
      { hostPath: shared, containerPath: SHARED_DIRECTORY },
      ...(own ? [{ hostPath: own.bricks, containerPath: BRICK_SIZE_FOLDER, readOnly: true }] : []),
    ],
    ...(role === 'master' ? { role: 'control-plane', kubeadmConfigPatches: MASTER } : { role: 'worker' }),
  }))
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    name: room,
    networking: {
      ipFamily: 'ipv4',
      apiServerAddress: '127.0.0.1',
      ...(own ? { apiServerPort: 26443 } : {}),
      kubeProxyMode: 'nftables',
    },
    nodes,
    kubeadmConfigPatches: patches.map((patch) => stringify(patch)),
  })
}
