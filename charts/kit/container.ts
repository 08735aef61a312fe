import type { V1Container, V1Probe, V1VolumeMount } from '@kubernetes/client-node'
import type { Volume } from './volumes.ts'

/** One container of a program. */
export interface Container {
  /** @default the program's name */
  readonly name?: string
  readonly image: string
  readonly command: readonly string[]
  /** What it needs at least and at most, fit for old desktop PCs. */
  readonly resources: { readonly cpu: string; readonly memory: string; readonly memoryLimit: string }
  /** Environment: settings only; secrets are files. */
  readonly env?: Readonly<Record<string, string>>
  /** Environment from fields of the pod, as `{ NODE_NAME: 'spec.nodeName' }`. */
  readonly fieldEnv?: Readonly<Record<string, string>>
  /** Named ports. One that is called `metrics` is read within the namespace. */
  readonly ports?: Readonly<Record<string, number>>
  /** @default the health endpoints of our programs, on the port `metrics` */
  readonly probes?: Pick<V1Container, 'livenessProbe' | 'readinessProbe' | 'startupProbe'>
  /** Volumes with where they are mounted; read-only unless `writable`. */
  readonly volumes?: readonly Volume[]
  /**
   * Runs as root: with these Linux capabilities and no others, or `privileged`, with everything that the PC has.
   * All containers of a program are root, or none.
   *
   * @default unprivileged
   */
  readonly root?: readonly string[] | 'privileged'
}

/** A container as Kubernetes writes it; nothing is writable but what it names. */
export function containerOf(container: Container, program: string): V1Container {
  const { name = program, image, command, resources, ports = {}, probes = PROBES, volumes = [] } = container
  const { cpu, memory, memoryLimit } = resources
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: [...command],
    ...list('env', environment(container)),
    ...list(
      'ports',
      Object.entries(ports).map(([key, containerPort]) => ({ name: key, containerPort, protocol: 'TCP' })),
    ),
    // No cpu limit: throttled admission would slow every login.
    resources: { requests: { cpu, memory }, limits: { memory: memoryLimit } },
    securityContext: securityOf(container),
    ...probes,
    ...list('volumeMounts', volumes.map(mountOf)),
  }
}

/** A list under its name, or nothing: the API server drops empty lists, and delivery would see drift. */
export function list<K extends string, T>(key: K, items: T[]): { [key in K]?: T[] } {
  const field: { [key in K]?: T[] } = {}
  if (items.length > 0) field[key] = items
  return field
}

const environment = ({ env = {}, fieldEnv = {} }: Container) => [
  ...Object.entries(env).map(([name, value]) => ({ name, value })),
  ...Object.entries(fieldEnv).map(([name, fieldPath]) => ({
    name,
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
  })),
]

function securityOf({ root }: Container): NonNullable<V1Container['securityContext']> {
  if (root === 'privileged') return { privileged: true, readOnlyRootFilesystem: true }
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], ...list('add', [...(root ?? [])]) },
  }
}

const mountOf = ({ name, mountPath, writable = false, propagation }: Volume): V1VolumeMount => ({
  name,
  mountPath,
  ...(writable ? {} : { readOnly: true }),
  ...(propagation === undefined ? {} : { mountPropagation: propagation }),
})

const probe = (path: string, more: Partial<V1Probe>): V1Probe => ({
  httpGet: { path, port: 'metrics', scheme: 'HTTP' },
  ...more,
})

/** What every program of ours answers. */
const PROBES: Container['probes'] = {
  startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
  livenessProbe: probe('/healthz', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
  readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
}
