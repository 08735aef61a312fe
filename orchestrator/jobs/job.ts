import type { V1Job } from '@kubernetes/client-node'
import { NAME, OPERATION, PART_OF, STEP } from '../../config/labels.ts'
import { CROWN, NAMESPACES } from '../../config/names.ts'
import { jobName } from './name.ts'
import { STEPS, type Step } from './step.ts'

/** One step of one operation, on one PC. */
export interface NodeJob {
  /** Its id: at most 24 of a-z, 0-9 and -. */
  readonly operation: string
  readonly attempt: number
  /** Grows with each operation: a PC does nothing that is older than what it was asked for before. */
  readonly epoch: number
  readonly step: Step
  readonly node: string
  /** By digest: an image with sh, tar and nsenter that every PC has already. */
  readonly image: string
}

/** Into the PC's own namespaces; the pod's control group stays, so what the job began ends with it. */
const ON_PC = `nsenter --target 1 --mount --uts --ipc --net --pid -- ${CROWN.onPc} "$@"`
/** What it tells at the end is read from the pod's status: its log could only be had from that PC's kubelet. */
const TOLD = '>/dev/termination-log'

/** What its container runs: the words that follow are the arguments. A plan goes through stdin, never through arguments. */
export const COMMANDS = {
  bare: ['/bin/sh', '-euc', `exec ${ON_PC} </dev/null ${TOLD}`, 'node-job'],
  withPlan: [
    '/bin/sh',
    '-euc',
    `cd ${CROWN.plan} && tar --create --dereference --file=- -- * | ${ON_PC} ${TOLD}`,
    'node-job',
  ],
} as const

/** A day's worth of room to read what happened would also keep the names of its Secrets: ten minutes are enough. */
export const KEPT_SECONDS = 600

/**
 * The Job of a step. It waits for nothing that may be gone when masters die: no scheduler (it names its node), no pod
 * network, no DNS, no token, no registry. Jobs of any other shape are refused by the API server (charts/orchestrator/).
 */
export function nodeJob(job: NodeJob): V1Job {
  const { operation, attempt, epoch, step, node, image } = job
  const labels = {
    [NAME]: 'node-job',
    [PART_OF]: 'deskfleet',
    [OPERATION]: operation,
    [STEP]: step.name,
  }
  const plan = 'secret' in step ? step.secret : undefined
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(operation, attempt, step.name, node), namespace: NAMESPACES.crown, labels },
    spec: {
      backoffLimit: 0,
      parallelism: 1,
      completions: 1,
      activeDeadlineSeconds: STEPS[step.name].patience,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          nodeName: node,
          restartPolicy: 'Never',
          hostPID: true,
          hostNetwork: true,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          priorityClassName: 'system-node-critical',
          terminationGracePeriodSeconds: 5,
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'step',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: [...(plan === undefined ? COMMANDS.bare : COMMANDS.withPlan)],
              args: [step.name, operation, String(attempt), String(epoch), ...argumentsOf(step)],
              // No limit: kubeadm in the middle of a join is nothing to end for a few MiB.
              resources: { requests: { cpu: '100m', memory: '128Mi' } },
              securityContext: { privileged: true, runAsUser: 0, runAsGroup: 0 },
              ...(plan === undefined
                ? {}
                : { volumeMounts: [{ name: 'plan', mountPath: CROWN.plan, readOnly: true }] }),
            },
          ],
          ...(plan === undefined
            ? {}
            : { volumes: [{ name: 'plan', secret: { secretName: plan, defaultMode: 0o400 } }] }),
        },
      },
    },
  }
}

const argumentsOf = (step: Step): string[] => ('argument' in step ? [step.argument] : [])
