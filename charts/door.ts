import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { MASTER, PREFIX } from '../config/labels.ts'
import { DOOR, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { CLUSTER_CA, haproxy } from './door/haproxy.ts'
import { keepalived } from './door/keepalived.ts'
import type { Container } from './kit/container.ts'
import { digestOf } from './kit/digest.ts'
import { ConfigMap } from './kit/kplus.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'

const namespace = NAMESPACES.door
const name = 'door'

/** The room's one address: held by a master, moved to another when that one dies, leading to the gateway. */
export const door: App = {
  name,
  about: "The room's one address, held by a master, leading to the gateway",
  namespace,
  after: ['namespaces', 'gateway'],
  when: ({ hosts: { address } }) => address !== undefined,
  chart: (scope, cluster, { routes }) => {
    const { address } = cluster.hosts
    if (address === undefined) return
    const data = {
      'haproxy.cfg': haproxy(cluster.hosts.door, routes),
      'keepalived.conf': keepalived(address),
    }
    new ConfigMap(scope, 'settings', { metadata: { name, namespace }, data })
    // Both read their settings when they begin.
    const settings = digestOf(data)
    masters(scope, cluster, address, settings)
  },
}

const SETTINGS = { name: 'settings', mountPath: '/etc/door', configMap: { name } }

function masters(scope: Construct, cluster: Cluster, address: string, settings: string): void {
  const image = imageReference('door', cluster)
  program(scope, {
    name,
    namespace,
    // One after the other, so that the address moves as seldom as possible.
    workload: { kind: 'DaemonSet', update: { maxUnavailable: 1 } },
    node: { network: true, labels: { [MASTER]: '' } },
    token: false,
    priorityClass: PRIORITIES.platform.name,
    grace: 5,
    annotations: { [`${PREFIX}/settings`]: settings },
    containers: [balancer(image), keeper(image, address)],
  })
}

const balancer = (image: string): Container => ({
  name: 'haproxy',
  image,
  command: ['haproxy', '-W', '-db', '-f', `${SETTINGS.mountPath}/haproxy.cfg`],
  fieldEnv: { HOST_IP: 'status.hostIP' },
  resources: { cpu: '10m', memory: '64Mi', memoryLimit: '256Mi' },
  // For ports 80 and 443 of the PC.
  root: ['NET_BIND_SERVICE'],
  probes: {
    readinessProbe: {
      httpGet: { host: '127.0.0.1', path: DOOR.leads, port: DOOR.health, scheme: 'HTTP' },
      periodSeconds: 5,
      failureThreshold: 2,
    },
  },
  volumes: [
    SETTINGS,
    { name: 'cluster', mountPath: CLUSTER_CA.folder, configMap: { name: CLUSTER_CA.configMap } },
  ],
})

const keeper = (image: string, address: string): Container => ({
  name: 'keepalived',
  image,
  command: ['hold-address', address, `${SETTINGS.mountPath}/keepalived.conf`],
  resources: { cpu: '10m', memory: '16Mi', memoryLimit: '64Mi' },
  // To add the address, to announce it, to hear the other masters; and to start the check script.
  root: ['NET_ADMIN', 'NET_RAW', 'NET_BROADCAST', 'SETGID', 'SETUID'],
  probes: {},
  volumes: [
    SETTINGS,
    { name: 'run', mountPath: '/run', writable: true, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  ],
})
