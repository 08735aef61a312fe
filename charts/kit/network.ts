import type { V1NetworkPolicyEgressRule, V1NetworkPolicyIngressRule } from '@kubernetes/client-node'
import type { Construct } from 'constructs'
import { NAMESPACE_NAME } from '../../config/labels.ts'
import { list } from './container.ts'
import { add } from './objects.ts'
import { selects } from './pods.ts'

/** Whose traffic a rule speaks of: a program in a namespace, or everybody. */
export type Peer = { readonly namespace: string; readonly program?: string } | 'anybody'

export interface Traffic {
  readonly peer: Peer
  /** None: all of them. */
  readonly ports: readonly number[]
  /** @default TCP */
  readonly protocol?: 'TCP' | 'UDP'
}

/** Nobody speaks to anybody in this namespace, until `allow` says so. */
export function denyByDefault(scope: Construct, namespace: string): void {
  const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }
  add(scope, 'networking.k8s.io/v1/NetworkPolicy', { name: 'deny-by-default', namespace }, { spec })
}

/** Whom a program hears (ingress) and calls (egress); all other traffic of its pods is refused. */
export function allow(
  scope: Construct,
  {
    program,
    namespace,
    ingress = [],
    egress = [],
  }: {
    readonly program: string
    readonly namespace: string
    readonly ingress?: readonly Traffic[]
    readonly egress?: readonly Traffic[]
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
        ingress: ingress.map(
          (traffic): V1NetworkPolicyIngressRule => ({ ...from(traffic), ...list('ports', ports(traffic)) }),
        ),
        egress: egress.map(
          (traffic): V1NetworkPolicyEgressRule => ({ ...to(traffic), ...list('ports', ports(traffic)) }),
        ),
      },
    },
  )
}

export const ports = ({ ports: numbers, protocol = 'TCP' }: Traffic) =>
  numbers.map((port) => ({ port, protocol }))

function peers(peer: Exclude<Peer, 'anybody'>) {
  const namespaceSelector = { matchLabels: { [NAMESPACE_NAME]: peer.namespace } }
  return peer.program === undefined
    ? [{ namespaceSelector }]
    : [{ namespaceSelector, podSelector: { matchLabels: selects(peer.program) } }]
}

// client-node's type calls the field `_from`; Kubernetes, and so `dist/`, call it `from`.
export const from = ({ peer }: Traffic): object => (peer === 'anybody' ? {} : { from: peers(peer) })
export const to = ({ peer }: Traffic): object => (peer === 'anybody' ? {} : { to: peers(peer) })

/** Names are looked up in kube-system, wherever the cluster keeps its DNS. */
export const DNS: readonly Traffic[] = (['UDP', 'TCP'] as const).map((protocol) => ({
  peer: { namespace: 'kube-system' },
  ports: [53],
  protocol,
}))

/** The API server listens on the masters themselves, so no selector can name it: only its ports can. */
export const API_SERVER: Traffic = { peer: 'anybody', ports: [443, 6443] }
