import type { Construct } from 'constructs'
import { DESKTOPS } from '../config/labels.ts'
import { NAMESPACES } from '../config/names.ts'
import { SCRATCH } from '../config/pod-bounds.ts'
import { amount } from '../config/quantity.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { denyByDefault } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { KEPT } from './kit/policies/contents.ts'
import type { Level } from './kit/policies/pod-security.ts'
import { prove } from './kit/proof.ts'
import { imagesOfTheRoom } from './namespaces/images.ts'
import { PRIORITIES } from './priorities.ts'

/**
 * What each namespace may hold. Only what must touch the machine itself is privileged: Gluster mounts disks,
 * the orchestrator reboots PCs, the door moves an address, the packet filter writes a PC's own rules. People's desktops
 * are restricted, no exception.
 */
const LEVELS: Readonly<Record<keyof typeof NAMESPACES, Level>> = {
  system: 'restricted',
  directory: 'restricted',
  storage: 'privileged',
  crown: 'privileged',
  door: 'privileged',
  node: 'privileged',
  sources: 'restricted',
  desktops: 'restricted',
}

/** The namespaces, each with its PodSecurity level, closed network and images; quotas and limits of desktops; priorities. */
export const namespaces: App = {
  name: 'namespaces',
  about: 'Namespaces with their law: PodSecurity, images, quotas, closed networks, priorities',
  namespace: NAMESPACES.system,
  after: [],
  chart: (scope, cluster) => {
    for (const key of ['system', 'directory', 'storage', 'crown', 'door', 'node', 'desktops'] as const) {
      closedNamespace(scope, NAMESPACES[key], LEVELS[key], key === 'desktops')
    }
    if (cluster.sources.kind === 'room') closedNamespace(scope, NAMESPACES.sources, LEVELS.sources)
    prove(scope, imagesOfTheRoom(cluster))
    desktopLimits(scope, cluster)
    priorities(scope)
  },
}

function priorities(scope: Construct): void {
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

/** A namespace with its PodSecurity level, in which nobody speaks to anybody until a policy says so. It is never pruned. */
export function closedNamespace(scope: Construct, name: string, level: Level, desktops = false): void {
  const levels = (['enforce', 'audit', 'warn'] as const).map((mode) => [
    `pod-security.kubernetes.io/${mode}`,
    level,
  ])
  add(
    scope,
    'v1/Namespace',
    {
      name,
      labels: { ...Object.fromEntries(levels), ...(desktops ? { [DESKTOPS]: 'true' } : {}) },
      annotations: KEPT,
    },
    {},
  )
  denyByDefault(scope, name)
}

/** More than a desktop can use on any PC, so nothing is slowed; a pod that reserves whole PCs is refused. */
const MOST_CPU = '64'

const larger = (one: string, other: string): string => (amount(other) > amount(one) ? other : one)

/** Pods by their priority; one that has none is no desktop. */
const ofDesktops = (operator: 'In' | 'NotIn') => ({
  matchExpressions: [{ scopeName: 'PriorityClass', operator, values: [PRIORITIES.desktop.name] }],
})

/**
 * In `desktops`, a pod that says nothing gets little, none gets more than the largest template, nobody can fill the
 * room with more desktops than it holds, and the account that pods get by default opens no API.
 */
function desktopLimits(scope: Construct, { desktops, templates }: Cluster): void {
  const namespace = NAMESPACES.desktops
  const smallest = templates[0]?.resources
  const greatest = templates.map(({ resources }) => resources.memoryLimit).reduce(larger, '2Gi')
  add(
    scope,
    'v1/LimitRange',
    { name: 'desktops', namespace },
    {
      spec: {
        limits: [
          {
            type: 'Container',
            defaultRequest: {
              cpu: smallest?.cpu ?? '250m',
              memory: smallest?.memory ?? '512Mi',
              'ephemeral-storage': SCRATCH.request,
            },
            max: { memory: greatest, 'ephemeral-storage': SCRATCH.most, cpu: MOST_CPU },
            // client-node's type calls the field `_default`; Kubernetes calls it `default`.
            ...{
              default: {
                memory: smallest?.memoryLimit ?? '2Gi',
                'ephemeral-storage': SCRATCH.limit,
                cpu: MOST_CPU,
              },
            },
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
      spec: { hard: { pods: String(desktops.atMost * 2) }, scopeSelector: ofDesktops('In') },
    },
  )
  add(
    scope,
    'v1/ResourceQuota',
    { name: 'others', namespace },
    // What people run besides takes nobody the place of a desktop: neither here nor, by its priority, on a PC.
    { spec: { hard: { pods: String(desktops.atMost) }, scopeSelector: ofDesktops('NotIn') } },
  )
  add(
    scope,
    'v1/ResourceQuota',
    { name: 'workloads', namespace },
    { spec: { hard: { 'count/deployments.apps': '20000' } } },
  )
  add(scope, 'v1/ServiceAccount', { name: 'default', namespace }, { automountServiceAccountToken: false })
}
