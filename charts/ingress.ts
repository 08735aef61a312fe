import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { networkOf } from '../config/ipv4.ts'
import { AUTHORITY, GATEWAY, INGRESS, NAMESPACES, serviceNamespace } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { HEALTH, nginx, RUN } from './ingress/nginx.ts'
import { ConfigMap } from './kit/kplus.ts'
import { DNS } from './kit/network.ts'
import { program } from './kit/program.ts'
import { PRIORITIES } from './priorities.ts'
import type { Route } from './services/route.ts'

const namespace = NAMESPACES.system
const name = INGRESS.program

/** Leads people to the services of the room, each at a name below the door's, with the gateway's login in front. */
export const ingress: App = {
  name,
  about: 'Leads people to the services of the room, with the login in front',
  namespace,
  after: ['namespaces', 'certificates', 'gateway'],
  when: (_cluster, { routes }) => routes.length > 0,
  chart: (scope, cluster, { routes }) => {
    const { door, address } = cluster.hosts
    const settings = nginx(routes, door, address === undefined ? undefined : networkOf(address))
    new ConfigMap(scope, 'settings', { metadata: { name, namespace }, data: { 'nginx.conf': settings } })
    proxy(scope, cluster, routes)
  },
}

const probe = { httpGet: { path: '/healthz', port: 'health', scheme: 'HTTP' } } as const

function proxy(scope: Construct, cluster: Cluster, routes: readonly Route[]): void {
  program(scope, {
    name,
    namespace,
    workload: { kind: 'Deployment', replicas: 2, update: { maxUnavailable: 0, maxSurge: 1 } },
    priorityClass: PRIORITIES.platform.name,
    token: false,
    // It lets those who are there finish.
    grace: 30,
    services: [{ name: INGRESS.pods, port: 'https', as: INGRESS.port, headless: true }],
    // The door calls from the masters themselves, which no selector can name.
    ingress: [{ peer: 'anybody', ports: [INGRESS.port] }],
    egress: [
      ...DNS,
      { peer: { namespace, program: GATEWAY.service }, ports: [GATEWAY.entrancePort] },
      // A Service may have its pods at another port than its own.
      ...routes.map((route) => ({ peer: { namespace: serviceNamespace(route.name) }, ports: [] })),
    ],
    containers: [
      {
        image: imageReference('ingress', cluster),
        command: ['serve', '/etc/ingress/settings/nginx.conf', RUN],
        resources: { cpu: '10m', memory: '32Mi', memoryLimit: '256Mi' },
        ports: { https: INGRESS.port, health: HEALTH },
        probes: {
          startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
          livenessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
          readinessProbe: { ...probe, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
        },
        volumes: [
          { name: 'settings', mountPath: '/etc/ingress/settings', configMap: { name } },
          { name: 'door', mountPath: '/etc/ingress/door', configMap: { name: AUTHORITY.doorRootConfigMap } },
          { name: 'kept', mountPath: '/etc/ingress/kept', secret: { secretName: AUTHORITY.ingressSecret } },
          {
            ...{ name: 'own', mountPath: '/etc/ingress/own' },
            secret: { secretName: INGRESS.certificateSecret, optional: true },
          },
          { name: 'run', mountPath: RUN, writable: true, emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
        ],
      },
    ],
  })
}
