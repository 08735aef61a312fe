import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { NAMESPACES, PACKET_FILTER } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { NEVER, outsideOf } from './desktops/outside.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.node
const { name, port } = PACKET_FILTER

/** On every PC: what its desktops may call, also where nobody enforces NetworkPolicies. */
export const packetFilter: App = {
  name,
  about: 'Keeps desktops away from the network of the PCs, on each PC itself',
  namespace,
  after: ['namespaces'],
  chart: filter,
}

function filter(scope: Construct, cluster: Cluster): void {
  const { networks, except, door } = outsideOf(cluster)
  program(scope, {
    name,
    namespace,
    workload: { kind: 'DaemonSet', update: { maxUnavailable: '20%' } },
    node: { network: true },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      namespaces: { [NAMESPACES.desktops]: [{ group: '', resources: ['pods'], verbs: ['list', 'watch'] }] },
    },
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('packet-filter/main.js'),
        resources: { cpu: '10m', memory: '144Mi', memoryLimit: '256Mi' },
        env: {
          DESKFLEET_METRICS_LISTEN: `0.0.0.0:${port}`,
          DESKFLEET_NEVER: [...NEVER, ...except].join(','),
          DESKFLEET_OUTSIDE: networks.join(','),
          ...(door === undefined ? {} : { DESKFLEET_DOOR: door }),
        },
        fieldEnv: { NODE_NAME: 'spec.nodeName' },
        // The port is the PC's own; desktops are refused there by the rules themselves.
        ports: { metrics: port },
        root: ['NET_ADMIN'],
      },
    ],
  })
}
