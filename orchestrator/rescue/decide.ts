import type { Facts, Wish } from './facts.ts'
import { CONFIG, DATA, MANIFESTS, PKI } from './paths.ts'

/** One thing that a rescue does, and how it is told to whoever looks on. */
export type Step = { readonly says: string } & (
  | { readonly do: 'layAside'; readonly path: string; readonly to: string }
  | { readonly do: 'layKeys' }
  | { readonly do: 'restore'; readonly args: readonly string[] }
  | { readonly do: 'writeConfig'; readonly text: string }
  | { readonly do: 'kubeadm'; readonly args: readonly string[] }
  | { readonly do: 'restartKubelet' }
  | { readonly do: 'waitForApi'; readonly url: string }
)

export type Plan = { readonly steps: readonly Step[] } | { readonly refusal: string }

/** What the copy brings, as far as it matters here. */
export interface Copy {
  readonly name: string
  /** A ClusterConfiguration, as YAML. */
  readonly clusterConfiguration: string
}

/**
 * By how much revisions are put forward: more than could be written since the copy was made. Whoever watches since then
 * would else be told of other things by a revision that it knows; so it is told that what it knows is too old.
 */
const BUMP = 1_000_000_000

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
const IPV4 = /^(\d{1,3}\.){3}\d{1,3}$/

/**
 * From one copy to a control plane of one master on this PC. The orchestrator then makes it three again. Pure.
 *
 * @param stamp a word for the names of what is laid aside
 */
export function planRescue(facts: Facts, wish: Wish, copy: Copy, stamp: string): Plan {
  const { isRoot, alive, present } = facts
  if (!isRoot) return { refusal: 'a rescue writes all over the PC: run it as root' }
  if (alive.length > 0)
    return {
      refusal: `something still lives, and a second one beside it would tear the room apart: ${alive.join('; ')}. End it first, or let it heal: docs/recover.md`,
    }
  const pc = nameIn(facts, wish)
  if ('refusal' in pc) return pc
  const { name, address } = pc
  const peer = `https://${address}:2380`
  return {
    steps: [
      // Manifests first: the kubelet then ends whatever half of a control plane is still tried.
      ...present.map((path): Step => {
        const to = `${path}.before-${stamp}`
        return { do: 'layAside', path, to, says: `lay ${path} aside, as ${to}` }
      }),
      { do: 'layKeys', says: `lay the cluster's authorities and keys from ${copy.name} into ${PKI}` },
      {
        do: 'restore',
        args: [
          `--name=${name}`,
          `--initial-cluster=${name}=${peer}`,
          `--initial-advertise-peer-urls=${peer}`,
          `--bump-revision=${BUMP}`,
          '--mark-compacted',
        ],
        says: `restore etcd from ${copy.name} into ${DATA}, as its only member ${name} at ${peer}, revisions put forward by ${BUMP}`,
      },
      {
        do: 'writeConfig',
        text: configOf(name, address, copy.clusterConfiguration),
        says: `write ${CONFIG} for kubeadm: ${name}, ${address}, and the cluster's configuration from the copy`,
      },
      ...['certs all', 'kubeconfig all', 'etcd local', 'control-plane all'].map(
        (phase): Step => ({
          do: 'kubeadm',
          args: ['init', 'phase', ...phase.split(' '), `--config=${CONFIG}`],
          says: `kubeadm init phase ${phase}`,
        }),
      ),
      { do: 'restartKubelet', says: `restart the kubelet, which starts what is in ${MANIFESTS}` },
      {
        do: 'waitForApi',
        url: `https://${address}:6443`,
        says: `wait until the API server at https://${address}:6443 is ready`,
      },
      {
        do: 'kubeadm',
        args: ['init', 'phase', 'mark-control-plane', `--config=${CONFIG}`],
        says: 'kubeadm init phase mark-control-plane',
      },
    ],
  }
}

function nameIn(
  { hostname, addresses }: Facts,
  wish: Wish,
): { readonly name: string; readonly address: string } | { readonly refusal: string } {
  const name = wish.name ?? hostname.toLowerCase()
  if (!NAME.test(name)) return { refusal: `"${name}" is no name of a Node: give one by --name` }
  const [only, ...others] = addresses
  if (wish.address === undefined && (only === undefined || others.length > 0))
    return {
      refusal: `this PC has ${addresses.length === 0 ? 'no address' : `the addresses ${addresses.join(', ')}`}: say by --address which one the others know it by`,
    }
  const address = wish.address ?? only ?? ''
  if (!IPV4.test(address)) return { refusal: `"${address}" is no address of IPv4` }
  return { name, address }
}

/** Whatever the kubelet was told before stays as it was; images are here, or nowhere that can be reached now. */
const configOf = (name: string, address: string, clusterConfiguration: string): string => `\
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: ${address}
  bindPort: 6443
nodeRegistration:
  name: ${name}
  imagePullPolicy: Never
  taints: []
---
${clusterConfiguration.trim()}
`
