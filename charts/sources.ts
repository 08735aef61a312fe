import type { Construct } from 'constructs'
import { stringify } from 'yaml'
import { imageReference } from '../config/images.ts'
import { PREFIX } from '../config/labels.ts'
import { NAMESPACES, SERVICE_DATA, SOURCES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import type { Container } from './kit/container.ts'
import { digestOf } from './kit/digest.ts'
import { ConfigMap } from './kit/kplus.ts'
import { program } from './kit/program.ts'
import type { Volume } from './kit/volumes.ts'
import { PRIORITIES } from './priorities.ts'
import { dataClaim, type ServiceData } from './services/data.ts'
import { DATA, entrance, GIT_FOLDER, GIT_SOCKET, HEALTH, RUN } from './sources/entrance.ts'
import { registry } from './sources/registry.ts'

const namespace = NAMESPACES.sources
const name = SOURCES.program

/** Where images and Git come from, in a room that has both itself: both in each pod, with one entrance that asks who comes. */
export const sources: App = {
  name,
  about: "Where images and Git come from: the room's own registry and Git server",
  namespace,
  after: ['namespaces', 'storage'],
  when: ({ sources: { kind } }) => kind === 'room',
  // By whoever installs the room: both are asked before anything else of it runs.
  makes: [{ kind: 'Secret', namespace, name: SOURCES.secret }],
  chart: (scope, cluster) => {
    if (cluster.sources.kind !== 'room') return
    const data = { 'nginx.conf': entrance(), 'registry.yaml': stringify(registry()) }
    new ConfigMap(scope, 'settings', { metadata: { name, namespace }, data })
    for (const one of sourcesData(cluster)) dataClaim(scope, cluster, one)
    // The registry reads its settings when it begins.
    const settings = digestOf(data)
    server(scope, cluster, cluster.sources.address, settings)
  },
}

/** What both keep, on the room's own storage, as services have it. */
export const sourcesData = ({ sources: { kind } }: Pick<Cluster, 'sources'>): ServiceData[] =>
  kind === 'room'
    ? [{ service: name, namespace, claim: SOURCES.claim, user: SERVICE_DATA.uid, size: '50Gi' }]
    : []

function server(scope: Construct, cluster: Cluster, address: string, settings: string): void {
  const image = imageReference('sources', cluster)
  program(scope, {
    name,
    namespace,
    // The image of the new one comes from the former ones.
    workload: { kind: 'Deployment', replicas: 2, update: { maxUnavailable: 0, maxSurge: 1 } },
    priorityClass: PRIORITIES.platform.name,
    token: false,
    // Whoever is in the middle of a large image may finish.
    grace: 60,
    annotations: { [`${PREFIX}/settings`]: settings },
    services: [
      {
        ...{ name, address },
        // The parts of one upload are written by one pod: another one may see them a moment later.
        keepsCallers: true,
        ...{ port: 'registry', as: SOURCES.registryPort },
        others: [{ port: 'git', as: SOURCES.gitPort }],
      },
    ],
    // PCs pull images themselves, outside all pods, and no selector can name them.
    ingress: [{ peer: 'anybody', ports: [SOURCES.registryPort, GIT_PORT] }],
    containers: [nginx(image), distribution(image), git(image)],
  })
}

/** HTTPS of Git in the pod, whose programs may not have a port as low as the Service's. */
const GIT_PORT = 8443

/** What is there answers by way of the entrance, which alone listens to more than its own pod. */
const answers = (path: string) => ({ httpGet: { path, port: HEALTH, scheme: 'HTTP' } }) as const
const ready = (path: string) => ({
  readinessProbe: { ...answers(path), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
})

const SETTINGS: Volume = { name: 'settings', mountPath: '/etc/sources/settings', configMap: { name } }
const KEPT: Volume = {
  ...{ name: 'data', mountPath: DATA, writable: true },
  persistentVolumeClaim: { claimName: SOURCES.claim },
}
const memory = (volume: string, mountPath: string, sizeLimit: string): Volume => ({
  ...{ name: volume, mountPath, writable: true },
  emptyDir: { medium: 'Memory', sizeLimit },
})
/** Keys of the Secret, each shown to who needs it and to nobody else. */
const secret = (volume: string, mountPath: string, ...keys: string[]): Volume => ({
  ...{ name: volume, mountPath },
  secret: { secretName: SOURCES.secret, items: keys.map((key) => ({ key, path: key })) },
})

/** Where the entrance reaches Git: both containers see it. */
const TO_GIT = memory('git', GIT_FOLDER, '1Mi')

const nginx = (image: string): Container => ({
  name: 'entrance',
  image,
  command: ['serve-entrance', `${SETTINGS.mountPath}/nginx.conf`, '/etc/sources/tls'],
  resources: { cpu: '10m', memory: '32Mi', memoryLimit: '256Mi' },
  ports: { registry: SOURCES.registryPort, git: GIT_PORT, health: HEALTH },
  probes: {
    startupProbe: { ...answers('/healthz'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...answers('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    ...ready('/healthz'),
  },
  volumes: [
    SETTINGS,
    secret('tls', '/etc/sources/tls', 'tls.crt', 'tls.key'),
    secret('logins', '/etc/sources/logins', 'registry.logins', 'git.logins'),
    TO_GIT,
    memory('run', RUN, '64Mi'),
  ],
})

const distribution = (image: string): Container => ({
  name: 'registry',
  image,
  command: ['serve-registry', `${SETTINGS.mountPath}/registry.yaml`, '/etc/sources/http/http-secret'],
  resources: { cpu: '10m', memory: '48Mi', memoryLimit: '384Mi' },
  env: { OTEL_TRACES_EXPORTER: 'none' },
  probes: ready('/registry'),
  volumes: [SETTINGS, secret('http', '/etc/sources/http', 'http-secret'), KEPT],
})

const git = (image: string): Container => ({
  name: 'git',
  image,
  command: ['serve-git', `${DATA}/git`, SOURCES.repository, GIT_SOCKET],
  // A push is unpacked in memory, file by file.
  resources: { cpu: '10m', memory: '32Mi', memoryLimit: '512Mi' },
  probes: ready('/git'),
  volumes: [TO_GIT, KEPT, memory('scratch', '/tmp', '64Mi')],
})
