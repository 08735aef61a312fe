import type { V1NetworkPolicyEgressRule, V1NetworkPolicyIngressRule } from '@kubernetes/client-node'
import type { Construct } from 'constructs'
import { NAMESPACE_NAME } from '../../config/labels.ts'
import { add } from './objects.ts'
import { selects } from './pods.ts'

/** Whose traffic a rule speaks of: a program in a namespace, or everybody. */
export type Peer = { readonly namespace: string; readonly program?: string } | 'anybody'

export interface Traffic {
  readonly peer: Peer
  readonly ports: readonly number[]
  /** @default TCP */
  readonly protocol?: 'TCP' | 'UDP'
}

/** Nobody speaks to anybody in this namespace, until `allow` says so. */
export function denyByDefault(scope: Construct, namespace: string): void {
  const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }
  add(scope, 'networking.k8s.io/v1/NetworkPolicy', { name: 'deny-by-default', namespace }, { spec })
}

/** What a program may hear and may call. */
export function allow(
  scope: Construct,
  {
    program,
    namespace,
    hears = [],
    calls = [],
  }: {
    readonly program: string
    readonly namespace: string
    readonly hears?: readonly Traffic[]
    readonly calls?: readonly Traffic[]
  },
): void {
  add(
    scope,
    'networking.k8s.io/v1/NetworkPolicy',
    { name: program, namespace },
    {
      spec: {
        podSelector: { matchLabels: selects(program) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: hears.map(
          (traffic): V1NetworkPolicyIngressRule => ({ ...from(traffic), ports: ports(traffic) }),
        ),
        egress: calls.map(
          (traffic): V1NetworkPolicyEgressRule => ({ ...to(traffic), ports: ports(traffic) }),
        ),
      },
    },
  )
}

const ports = ({ ports: numbers, protocol = 'TCP' }: Traffic) => numbers.map((port) => ({ port, protocol }))

function peers(peer: Exclude<Peer, 'anybody'>) {
  const namespaceSelector = { matchLabels: { [NAMESPACE_NAME]: peer.namespace } }
  return peer.program === undefined
    ? [{ namespaceSelector }]
    : [{ namespaceSelector, podSelector: { matchLabels: selects(peer.program) } }]
}

// client-node's type calls the field `_from`; Kubernetes, and so `dist/`, call it `from`.
const from = ({ peer }: Traffic): object => (peer === 'anybody' ? {} : { from: peers(peer) })
const to = ({ peer }: Traffic): object => (peer === 'anybody' ? {} : { to: peers(peer) })

/** Names are looked up in kube-system, wherever the cluster keeps its DNS. */
export const DNS: readonly Traffic[] = (['UDP', 'TCP'] as const).map((protocol) => ({
  peer: { namespace: 'kube-system' },
  ports: [53],
  protocol,
}))

/** The API server listens on the masters themselves, so no selector can name it: only its ports can. */
export const API_SERVER: Traffic = { peer: 'anybody', ports: [443, 6443] }

/** Addresses that a desktop does not call by itself: the cluster's pods and Services, as kubeadm gives them out. */
const INSIDE = ['10.96.0.0/12', '10.244.0.0/16']

/**
 * What people's desktops hear and call: one program on one port comes in; names, and whatever is not the cluster's
 * own, go out.
 */
export function desktopTraffic(
  scope: Construct,
  {
    namespace,
    from: peer,
    port,
    dns,
  }: {
    readonly namespace: string
    readonly from: Peer
    readonly port: number
    readonly dns: readonly Traffic[]
  },
): void {
  const outside = [{ ipBlock: { cidr: '0.0.0.0/0', except: [...INSIDE] } }]
  add(
    scope,
    'networking.k8s.io/v1/NetworkPolicy',
    { name: 'desktops', namespace },
    {
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ...from({ peer, ports: [port] }), ports: ports({ peer, ports: [port] }) }],
        egress: [...dns.map((traffic) => ({ ...to(traffic), ports: ports(traffic) })), { to: outside }],
      },
    },
  )
}
