import type { Construct } from 'constructs'
import { lies } from '../../config/ipv4.ts'
import { from, type Peer, ports, type Traffic, to } from '../kit/network.ts'
import { add } from '../kit/objects.ts'
import { NEVER, type Outside } from './outside.ts'

/** What people's desktops hear and call: one program on one port comes in; names, the door and what is allowed go out. */
export function desktopTraffic(
  scope: Construct,
  {
    namespace,
    from: peer,
    port,
    dns,
    outside,
  }: {
    readonly namespace: string
    readonly from: Peer
    readonly port: number
    readonly dns: readonly Traffic[]
    readonly outside: Outside
  },
): void {
  const never = [...NEVER, ...outside.except]
  const beyond = outside.networks.filter((cidr) => !never.some((one) => lies(cidr, one)))
  const allowed = beyond.map((cidr) => {
    const except = never.filter((one) => lies(one, cidr))
    return { ipBlock: { cidr, ...(except.length > 0 ? { except } : {}) } }
  })
  const door = { to: [{ ipBlock: { cidr: `${outside.door}/32` } }], ports: ports({ peer, ports: [80, 443] }) }
  add(
    scope,
    'networking.k8s.io/v1/NetworkPolicy',
    { name: 'desktops', namespace },
    {
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ...from({ peer, ports: [port] }), ports: ports({ peer, ports: [port] }) }],
        egress: [
          ...dns.map((traffic) => ({ ...to(traffic), ports: ports(traffic) })),
          ...(outside.door === undefined ? [] : [door]),
          ...(allowed.length > 0 ? [{ to: allowed }] : []),
        ],
      },
    },
  )
}
