import type { Machine } from '../machine/machine.ts'
import { balancerOf, type Pc } from './plan.ts'

/** What kind's balancer in front of several masters reads its list from, again whenever another file takes its place. */
const LIST = '/home/envoy/cds.yaml'

/**
 * Has the balancer lead to whichever PC has an API server that is ready, masters of today and of tomorrow: it asks each of
 * them every second. So nobody has to tell it who is crowned or deposed, only who is there.
 */
export async function leadToMasters(machine: Machine, room: string, pcs: readonly Pc[]): Promise<void> {
  const write = `cat >${LIST}.new && chmod 0666 ${LIST}.new && mv ${LIST}.new ${LIST}`
  const args = ['podman', 'exec', '-i', balancerOf(room).name, 'bash', '-euc', write]
  await machine.must(args, { input: balancerList(pcs.map(({ address }) => address)) })
}

/** Envoy's configuration of a cluster, as JSON, which is YAML too. */
export const balancerList = (addresses: readonly string[]): string =>
  JSON.stringify({
    resources: [
      {
        '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
        name: 'kube_apiservers',
        // On a busy machine a quarter of a second, as kind has it, is too short.
        connect_timeout: '1s',
        type: 'STATIC',
        lb_policy: 'ROUND_ROBIN',
        // Most PCs have no API server: that most do not answer is no reason to lead to them all the same. When none is ready,
        // each is tried: a disk that is slow for a moment makes all of them say so at once.
        common_lb_config: { healthy_panic_threshold: { value: 1 } },
        health_checks: [
          {
            timeout: '3s',
            interval: '1s',
            no_traffic_interval: '1s',
            unhealthy_threshold: 2,
            healthy_threshold: 1,
            // One that is off holds back nobody until its first answer fails.
            initial_jitter: '0s',
            // An answer that is none of these takes it out at once; one that is not ready is asked again first.
            http_health_check: { path: '/readyz', retriable_statuses: [{ start: 500, end: 600 }] },
            transport_socket_match_criteria: { tls_mode: 'true' },
          },
        ],
        transport_socket_matches: [
          {
            name: 'health_check_tls',
            match: { tls_mode: 'true' },
            transport_socket: {
              name: 'envoy.transport_sockets.tls',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
                common_tls_context: { validation_context: { trust_chain_verification: 'ACCEPT_UNTRUSTED' } },
              },
            },
          },
        ],
        load_assignment: {
          cluster_name: 'kube_apiservers',
          endpoints: [
            {
              lb_endpoints: addresses.map((address) => ({
                endpoint: { address: { socket_address: { address, port_value: 6443 } } },
              })),
            },
          ],
        },
      },
    ],
  })
