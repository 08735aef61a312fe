import { createHash } from 'node:crypto'
import type { V1PodTemplateSpec } from '@kubernetes/client-node'
import type { Construct } from 'constructs'
import { add } from './objects.ts'
import { type Pod, selects, templateOf } from './pods.ts'
import { KEPT } from './policies/contents.ts'
import { claimTemplates } from './volumes.ts'

/** How many pods a program has, where, and when. */
export type Workload =
  | {
      /** A number of equal pods, on different PCs. */
      readonly kind: 'Deployment'
      readonly replicas: number
      /** How a new version comes. @default as Kubernetes has it: a quarter at a time */
      readonly update?: { readonly maxUnavailable: number; readonly maxSurge: number }
    }
  | {
      /** One pod on every PC, or on those that `node` names. */
      readonly kind: 'DaemonSet'
      /** How many PCs at once get a new version; `OnDelete`: each when its pod is next made, as after a reboot. */
      readonly update: { readonly maxUnavailable: number | string } | 'OnDelete'
      /** Earlier versions to go back to. @default 3 */
      readonly history?: number
    }
  | {
      /** Pods with names and disks of their own. What they hold is kept whatever happens to the object. */
      readonly kind: 'StatefulSet'
      readonly replicas: number
      /** The headless Service that names each of its pods. */
      readonly names: string
    }
  | {
      /** One pod that ends by itself, once for each version of itself. */
      readonly kind: 'Job'
    }
  | {
      /** One pod that ends by itself, again and again; a run that is late by more than the deadline is left out. */
      readonly kind: 'CronJob'
      /** As cron writes it, in UTC. */
      readonly schedule: string
      readonly overlap: 'Allow' | 'Forbid' | 'Replace'
      /** Seconds. */
      readonly deadline: number
      /** Seconds after which a run is ended, one that never started included. @default never */
      readonly patience?: number
    }

/** Adds the one object that makes a program's pods. */
export function addWorkload(scope: Construct, namespace: string, pod: Pod, workload: Workload): void {
  const { kind } = workload
  if (kind === 'Deployment') deployment(scope, namespace, pod, workload)
  else if (kind === 'DaemonSet') daemonSet(scope, namespace, pod, workload)
  else if (kind === 'StatefulSet') statefulSet(scope, namespace, pod, workload)
  else if (kind === 'Job') job(scope, namespace, pod)
  else cronJob(scope, namespace, pod, workload)
}

type Of<K extends Workload['kind']> = Extract<Workload, { readonly kind: K }>

/** Earlier versions that stay to go back to. */
const HISTORY = 3

const selectorOf = ({ name }: Pod) => ({ matchLabels: selects(name) })

function deployment(scope: Construct, namespace: string, pod: Pod, workload: Of<'Deployment'>): void {
  const { replicas, update } = workload
  const spec = {
    replicas,
    revisionHistoryLimit: HISTORY,
    ...(update && { strategy: { type: 'RollingUpdate', rollingUpdate: update } }),
    selector: selectorOf(pod),
    template: templateOf(pod, replicas),
  }
  add(scope, 'apps/v1/Deployment', { name: pod.name, namespace }, { spec })
}

function daemonSet(scope: Construct, namespace: string, pod: Pod, workload: Of<'DaemonSet'>): void {
  const { update, history = HISTORY } = workload
  const spec = {
    revisionHistoryLimit: history,
    selector: selectorOf(pod),
    updateStrategy:
      update === 'OnDelete'
        ? { type: 'OnDelete' }
        : { type: 'RollingUpdate', rollingUpdate: { ...update, maxSurge: 0 } },
    template: templateOf({ ...pod, node: pod.node ?? {} }),
  }
  add(scope, 'apps/v1/DaemonSet', { name: pod.name, namespace }, { spec })
}

function statefulSet(scope: Construct, namespace: string, pod: Pod, workload: Of<'StatefulSet'>): void {
  const spec = {
    replicas: workload.replicas,
    serviceName: workload.names,
    podManagementPolicy: 'Parallel',
    revisionHistoryLimit: HISTORY,
    selector: selectorOf(pod),
    template: templateOf(pod),
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: claimTemplates(pod.containers.flatMap(({ volumes = [] }) => volumes)),
  }
  add(scope, 'apps/v1/StatefulSet', { name: pod.name, namespace, annotations: KEPT }, { spec })
}

function job(scope: Construct, namespace: string, pod: Pod): void {
  const template = ending(templateOf(pod))
  const name = `${pod.name}-${versionOf(template)}`
  const spec = { backoffLimit: 6, completions: 1, parallelism: 1, template }
  add(scope, 'batch/v1/Job', { name, namespace, labels: selects(pod.name) }, { spec })
}

function cronJob(scope: Construct, namespace: string, pod: Pod, workload: Of<'CronJob'>): void {
  const { schedule, overlap, deadline, patience } = workload
  const spec = {
    schedule,
    concurrencyPolicy: overlap,
    startingDeadlineSeconds: deadline,
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 3,
    jobTemplate: {
      spec: {
        backoffLimit: 0,
        ...(patience === undefined ? {} : { activeDeadlineSeconds: patience }),
        template: ending(templateOf(pod)),
      },
    },
  }
  add(scope, 'batch/v1/CronJob', { name: pod.name, namespace }, { spec })
}

/** Failed pods are kept, and with them the log that says what is wrong. */
const ending = ({ metadata, spec }: V1PodTemplateSpec): V1PodTemplateSpec => ({
  ...(metadata && { metadata }),
  ...(spec && { spec: { ...spec, restartPolicy: 'Never' } }),
})

/**
 * A Job's template can never change, so another template is another Job: whatever delivers makes the new one and prunes
 * the old, without hooks or force. It is never removed by time, which would be drift.
 */
const versionOf = (template: V1PodTemplateSpec): string =>
  createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 8)
