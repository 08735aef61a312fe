import type { V1PodSecurityContext, V1PodSpec, V1PodTemplateSpec } from '@kubernetes/client-node'
import {
  ANY_BUT_SILENT,
  LEAVES_DEAD_PC,
  LEAVES_DEAD_PC_LATER,
  neverOnOnePc,
  onDifferentPcs,
  ratherOnDifferentPcs,
} from '../../config/dead-pc.ts'
import { NAME, PART_OF } from '../../config/labels.ts'
import { type Container, containerOf, list } from './container.ts'
import { podVolumes } from './volumes.ts'

/** The pod of a program: what its containers share. */
export interface Pod {
  /** Its name: of the pods, their first container, their account, and the label that selects them. */
  readonly name: string
  readonly containers: readonly [Container, ...Container[]]
  readonly priorityClass: string
  /** Seconds to finish after SIGTERM. @default 30 */
  readonly grace?: number
  /** No two of its pods on one PC, even where pods wait for a PC then. @default as even as the PCs allow */
  readonly apart?: boolean
  /** Whether the API is displayName to: mounts a token, and opens the way to the API server and to names. @default true */
  readonly token?: boolean
  /** Annotations of the pods; a change of one restarts them. */
  readonly annotations?: Readonly<Record<string, string>>
  /**
   * Belongs to the PC on which it runs, and not to the cluster as a whole: runs whatever keeps other pods away, and
   * stays until the PC goes. @default what the kind says: a DaemonSet does
   */
  readonly node?: {
    /** Shares the PC's own network. @default false */
    readonly network?: boolean
    /** Where names are looked up: where the cluster does, or where the PC itself does. @default cluster */
    readonly names?: 'cluster' | 'pc'
    /**
     * Each pod is put on one of these PCs anew: rather where no other one of them is, and never where the kubelet is silent,
     * since nothing would begin there. @default a pod is its PC's, whatever becomes of that
     */
    readonly chooses?: boolean
    /** Sees the PC's own processes. @default false */
    readonly processes?: boolean
    /** Labels of the PCs on which it runs. @default every PC */
    readonly labels?: Readonly<Record<string, string>>
  }
}

/**
 * Flags of Node for our programs. No signal opens the inspector, by which anybody who may send one would run code in the
 * program. Short-lived garbage is collected in small steps: as fast for us, and a quarter less memory on an old PC
 * (webhook with 10,000 people: 180 MiB instead of 234, measured).
 */
export const NODE_FLAGS = ['--disable-sigusr1', '--max-semi-space-size=4'] as const

/**
 * The same for a program whose values may take so many MiB, and no more whatever it is sent. Garbage is collected in steps
 * half as large: 7 MiB less, for a twentieth of the processor.
 */
export const flagsWithin = (heap: number): string[] => [
  '--disable-sigusr1',
  '--max-semi-space-size=2',
  `--max-old-space-size=${heap}`,
]

/** How a container starts one of our programs. */
export const nodeCommand = (script: string, flags: readonly string[] = NODE_FLAGS): string[] => [
  'node',
  ...flags,
  script,
]

/** The labels that select a program's pods; they never change, since a selector never may. */
export const selects = (name: string) => ({ [NAME]: name, [PART_OF]: 'deskfleet' })

/**
 * The pod template of a program: allowed under PodSecurity *restricted*, unless it is root or belongs to the PC.
 *
 * @param equals how many such pods there are, each as good as the other
 */
export function templateOf(pod: Pod, equals = 1): V1PodTemplateSpec {
  const { name, containers, priorityClass, grace = 30, token = true, annotations, node } = pod
  return {
    metadata: { labels: selects(name), ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      ...(node?.network === true ? { hostNetwork: true } : {}),
      ...dnsOf(node),
      ...(node?.processes === true ? { hostPID: true } : {}),
      ...(node?.labels === undefined ? {} : { nodeSelector: node.labels }),
      serviceAccountName: name,
      automountServiceAccountToken: token,
      enableServiceLinks: false,
      priorityClassName: priorityClass,
      terminationGracePeriodSeconds: grace,
      securityContext: isRoot(pod) ? ROOT : UNPRIVILEGED,
      ...placement(pod, equals),
      containers: containers.map((container) => containerOf(container, name)),
      ...list('volumes', podVolumes(containers.flatMap(({ volumes = [] }) => volumes))),
    },
  }
}

/** @throws when some containers are root and others not: the pod's user, and who owns its volumes, would be in doubt. */
function isRoot({ name, containers }: Pod): boolean {
  const root = containers.filter((container) => container.root !== undefined).length
  if (root > 0 && root < containers.length)
    throw new Error(`${name}: either all of its containers are root or none`)
  return root > 0
}

/** 65532: no person has it, and no file of an image belongs to it. */
const UNPRIVILEGED: V1PodSecurityContext = {
  runAsUser: 65532,
  runAsGroup: 65532,
  fsGroup: 65532,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}

const ROOT: V1PodSecurityContext = {
  runAsUser: 0,
  runAsGroup: 0,
  seccompProfile: { type: 'RuntimeDefault' },
}

/** What is left out is the cluster's, for pods that have a network of their own. */
function dnsOf({ network, names }: NonNullable<Pod['node']> = {}): Pick<V1PodSpec, 'dnsPolicy'> {
  if (names === 'pc') return { dnsPolicy: 'Default' }
  return network === true ? { dnsPolicy: 'ClusterFirstWithHostNet' } : {}
}

const placement = (
  { name, node, apart = false }: Pod,
  equals: number,
): Pick<V1PodSpec, 'affinity' | 'tolerations' | 'topologySpreadConstraints'> => {
  if (node?.chooses === true)
    return { tolerations: ANY_BUT_SILENT, affinity: ratherOnDifferentPcs(selects(name)) }
  if (node !== undefined) return { tolerations: [{ operator: 'Exists' }] }
  const tolerations = equals > 1 ? LEAVES_DEAD_PC_LATER : LEAVES_DEAD_PC
  if (apart) return { tolerations, affinity: neverOnOnePc(selects(name)) }
  return { tolerations, topologySpreadConstraints: [onDifferentPcs(selects(name))] }
}
