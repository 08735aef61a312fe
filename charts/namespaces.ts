import type { Construct } from 'constructs'
import { DESKTOPS } from '../config/labels.ts'
import { NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { denyByDefault } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { KEPT } from './kit/policies/contents.ts'
import type { Level } from './kit/policies/pod-security.ts'
import { PRIORITIES } from './priorities.ts'

/**
 * What each namespace may hold. Only what must touch the machine itself is privileged: Gluster mounts disks,
 * the orchestrator reboots PCs, the door moves an address. People's desktops are restricted, no exception.
 */
const LEVELS: Readonly<Record<keyof typeof NAMESPACES, Level>> = {
  system: 'restricted',
  directory: 'restricted',
  storage: 'privileged',
  crown: 'privileged',
  door: 'privileged',
  desktops: 'restricted',
}

/** The namespaces with their law: PodSecurity, quotas, limits, closed networks, priorities. */
export function namespaces(scope: Construct, cluster: Cluster): void {
  for (const key of ['system', 'directory', 'storage', 'crown', 'door', 'desktops'] as const) {
    namespace(scope, NAMESPACES[key], LEVELS[key], key === 'desktops')
  }
  desktopLimits(scope, cluster)
  for (const { name, value, why } of Object.values(PRIORITIES)) {
    add(
      scope,
      'scheduling.k8s.io/v1/PriorityClass',
      { name },
      {
        value,
        description: why,
        globalDefault: false,
        preemptionPolicy: value < 0 ? 'Never' : 'PreemptLowerPriority',
      },
    )
  }
}

function namespace(scope: Construct, name: string, level: Level, desktops: boolean): void {
  const law = (['enforce', 'audit', 'warn'] as const).map((mode) => [
    `pod-security.kubernetes.io/${mode}`,
    level,
  ])
  add(
    scope,
    'v1/Namespace',
    {
      name,
      labels: { ...Object.fromEntries(law), ...(desktops ? { [DESKTOPS]: 'true' } : {}) },
      annotations: KEPT,
    },
    {},
  )
  denyByDefault(scope, name)
}

/**
 * In `desktops`, a pod that says nothing gets little, nobody can fill the room with more desktops than it
 * holds, and the account that pods get by default opens no API.
 */
function desktopLimits(scope: Construct, { desktops, templates }: Cluster): void {
  const namespace = NAMESPACES.desktops
  const smallest = templates[0]?.resources
  add(
    scope,
    'v1/LimitRange',
    { name: 'desktops', namespace },
    {
      spec: {
        limits: [
          {
            type: 'Container',
            defaultRequest: { cpu: smallest?.cpu ?? '250m', memory: smallest?.memory ?? '512Mi' },
            // client-node's type calls the field `_default`; Kubernetes calls it `default`.
            ...{ default: { memory: smallest?.memoryLimit ?? '2Gi' } },
          },
        ],
      },
    },
  )
  add(
    scope,
    'v1/ResourceQuota',
    { name: 'desktops', namespace },
    {
      // Twice the desktops, since an old pod may still be ending while the new one starts.
      spec: { hard: { pods: String(desktops.atMost * 2), 'count/deployments.apps': '20000' } },
    },
  )
  add(scope, 'v1/ServiceAccount', { name: 'default', namespace }, { automountServiceAccountToken: false })
}
