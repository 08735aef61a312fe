import type { V1Container, V1PodSpec, V1PodTemplateSpec, V1Probe } from '@kubernetes/client-node'
import { LEAVES_DEAD_PC, onDifferentPcs } from '../../config/dead-pc.ts'
import { NAME, PART_OF } from '../../config/labels.ts'

/** A program of ours as it runs in the cluster: one container, unprivileged, nothing writable but what it names. */
export interface ProgramProps {
  /** Its name: of the pods, the container, the label that selects them. */
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly serviceAccount: string
  readonly priorityClass: string
  /** What it needs at least and at most, fit for old desktop PCs. */
  readonly resources: { readonly cpu: string; readonly memory: string; readonly memoryLimit: string }
  /** Environment: settings only; secrets are files. */
  readonly env?: Readonly<Record<string, string>>
  /** Named ports of the container. */
  readonly ports?: Readonly<Record<string, number>>
  /** @default the health endpoints of our programs, on the port `metrics` */
  readonly probes?: Pick<V1Container, 'livenessProbe' | 'readinessProbe' | 'startupProbe'>
  /** Volumes with where they are mounted; read-only unless `writable`. */
  readonly volumes?: readonly (NonNullable<V1PodSpec['volumes']>[number] & {
    readonly mountPath: string
    readonly writable?: boolean
  })[]
  /** uid and gid. @default 65532, which no person has and no file of the image belongs to */
  readonly uid?: number
  /** Whether the API is spoken to. @default true */
  readonly token?: boolean
  /** Seconds to finish after SIGTERM. @default 30 */
  readonly grace?: number
}

/**
 * Flags of Node for our programs. Short-lived garbage is collected in small steps: as fast for us, and a quarter less
 * memory on an old PC (webhook with 10,000 people: 180 MiB instead of 234, measured).
 */
export const NODE_FLAGS = ['--max-semi-space-size=4'] as const

/** How a container starts one of our programs. */
export const nodeCommand = (script: string): string[] => ['node', ...NODE_FLAGS, script]

/** The labels that select a program's pods; they never change, since a selector never may. */
export const selects = (name: string) => ({ [NAME]: name, [PART_OF]: 'deskfleet' })

const probe = (path: string, more: Partial<V1Probe>): V1Probe => ({
  httpGet: { path, port: 'metrics', scheme: 'HTTP' },
  ...more,
})

/** The pod template of a program: lawful under PodSecurity *restricted* as it stands. */
export function programPod(props: ProgramProps): V1PodTemplateSpec {
  const { name, uid = 65532, token = true, grace = 30, volumes = [] } = props
  return {
    metadata: { labels: selects(name) },
    spec: {
      serviceAccountName: props.serviceAccount,
      automountServiceAccountToken: token,
      enableServiceLinks: false,
      priorityClassName: props.priorityClass,
      terminationGracePeriodSeconds: grace,
      securityContext: {
        runAsUser: uid,
        runAsGroup: uid,
        fsGroup: uid,
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      tolerations: LEAVES_DEAD_PC,
      topologySpreadConstraints: [onDifferentPcs(selects(name))],
      containers: [container(props)],
      ...list(
        'volumes',
        volumes.map(({ mountPath: _, writable: __, ...volume }) => volume),
      ),
    },
  }
}

/** A list under its name, or nothing: the API server drops empty lists, and delivery would see drift. */
function list<K extends string, T>(key: K, items: T[]): { [key in K]?: T[] } {
  const field: { [key in K]?: T[] } = {}
  if (items.length > 0) field[key] = items
  return field
}

function container({
  name,
  image,
  command,
  resources,
  env = {},
  ports = {},
  probes,
  volumes = [],
}: ProgramProps): V1Container {
  const { cpu, memory, memoryLimit } = resources
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: [...command],
    ...list(
      'env',
      Object.entries(env).map(([key, value]) => ({ name: key, value })),
    ),
    ...list(
      'ports',
      Object.entries(ports).map(([key, containerPort]) => ({ name: key, containerPort, protocol: 'TCP' })),
    ),
    // No cpu limit: throttled admission would slow every login.
    resources: { requests: { cpu, memory }, limits: { memory: memoryLimit } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    ...(probes ?? {
      startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
      livenessProbe: probe('/healthz', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }),
      readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
    }),
    ...list(
      'volumeMounts',
      volumes.map(({ name: volume, mountPath, writable = false }) => ({
        name: volume,
        mountPath,
        ...(writable ? {} : { readOnly: true }),
      })),
    ),
  }
}
