import { stringify } from 'yaml'
import { refuseName } from '../run/places.ts'
import { BRICK_SIZE_FOLDER } from './brick.ts'
import { BRICK_LABEL, balancerOf, NETWORK, type Pc } from './plan.ts'
import { SHARED_DIRECTORY } from './volumes.ts'

/** A PC that may come into a room, or why it may not. */
export type Newcomer =
  | { readonly ok: true; readonly pc: Pc }
  | { readonly ok: false; readonly refusal: string }

/** Addresses of workers: those below are masters', and the one above is the door's. */
const WORKERS = { first: 51, last: 99 } as const

/** A worker of that name, at the first address that no PC of the room has. */
export function newcomer(room: string, pcs: readonly Pc[], name: string): Newcomer {
  const refusal = refuseName(name)
  if (refusal) return { ok: false, refusal: refusal.replace('a lab', 'a PC') }
  if ([...pcs, balancerOf(room)].some((one) => one.name === name))
    return { ok: false, refusal: `the room has a "${name}" already` }
  const start = NETWORK.gateway.replace(/\d+$/, '')
  for (let last = WORKERS.first; last <= WORKERS.last; last++) {
    const address = `${start}${last}`
    if (!pcs.some((pc) => pc.address === address)) return { ok: true, pc: { name, role: 'worker', address } }
  }
  return { ok: false, refusal: 'the room has no address left: remove a PC first' }
}

/** Why that PC may not be taken out of a room; undefined when it may. */
export function refuseLeaving(pcs: readonly Pc[], name: string): string | undefined {
  const pc = pcs.find((one) => one.name === name)
  if (!pc) return `the room has no PC "${name}": it has ${pcs.map((one) => one.name).join(', ')}`
  if (pc.role === 'worker') return undefined
  return `${name} is a master, and its etcd would count it for ever: only workers can be removed`
}

/** What a PC boots from. */
export interface SystemDisk {
  readonly image: string
  /** podman's name of the volume that stays with the PC. */
  readonly disk: string
  /** What else podman is told of it. */
  readonly more?: readonly string[]
}

/** How podman runs a worker: what kind tells it for those that it makes, and the same folders. */
export const containerOf = (room: string, pc: Pc, { image, disk, more = [] }: SystemDisk): string[] => [
  ...['run', '--detach', '--tty', '--privileged', '--cgroupns=private'],
  ...['--name', pc.name, '--hostname', pc.name, '--net', NETWORK.name],
  ...['--label', `io.x-k8s.kind.cluster=${room}`, '--label', `io.x-k8s.kind.role=${pc.role}`],
  ...['--tmpfs', '/tmp', '--tmpfs', '/run', '--env', 'container=podman'],
  ...['--volume', `${disk}:/var:suid,exec,dev`, '--volume', '/lib/modules:/lib/modules:ro'],
  ...['--volume', `/share/srv:${SHARED_DIRECTORY}`, '--volume', `/share/bricks:${BRICK_SIZE_FOLDER}:ro`],
  ...more,
  image,
]

/** The PC of that name. @throws with those that there are */
export function pcCalled(pcs: readonly Pc[], name: string): Pc {
  const found = pcs.find((pc) => pc.name === name)
  if (found) return found
  throw new Error(`the room has no PC "${name}": it has ${pcs.map((pc) => pc.name).join(', ')}`)
}

/** Where the cluster is, and by what a newcomer is let in: as `kubeadm token create --print-join-command` says it. */
export interface Invitation {
  readonly endpoint: string
  readonly token: string
  readonly authority: string
}

export function readInvitation(command: string): Invitation {
  const [, endpoint, token, authority] =
    /kubeadm join (\S+) --token (\S+) +--discovery-token-ca-cert-hash (\S+)/.exec(command) ?? []
  if (endpoint && token && authority) return { endpoint, token, authority }
  throw new Error('kubeadm says in no known way how a PC joins')
}

/** What kubeadm on the newcomer is told. */
export const joinConfiguration = (room: string, pc: Pc, { endpoint, token, authority }: Invitation): string =>
  stringify({
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'JoinConfiguration',
    discovery: { bootstrapToken: { apiServerEndpoint: endpoint, token, caCertHashes: [authority] } },
    nodeRegistration: {
      criSocket: 'unix:///run/containerd/containerd.sock',
      kubeletExtraArgs: Object.entries({
        'node-ip': pc.address,
        'node-labels': Object.entries(BRICK_LABEL)
          .map(([label, value]) => `${label}=${value}`)
          .join(','),
        'provider-id': `kind://podman/${room}/${pc.name}`,
      }).map(([name, value]) => ({ name, value })),
    },
    // A PC in a PC fails what kubeadm asks of real ones, as kind knows.
    skipPhases: ['preflight'],
  })
