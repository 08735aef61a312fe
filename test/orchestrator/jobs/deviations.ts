import type { V1Job } from '@kubernetes/client-node'
import { CROWN } from '../../../config/names.ts'

export const IMAGE = `registry.test:5000/deskfleet@sha256:${'1'.repeat(64)}`

// biome-ignore lint/suspicious/noExplicitAny: what is wrong has no type
type Wrong = (job: any) => void
const pod = (job: V1Job) => job.spec?.template.spec as unknown as Record<string, unknown>
const first = (job: V1Job) => job.spec?.template.spec?.containers[0] as unknown as Record<string, unknown>

/** Jobs of the orchestrator's that join, each with one thing that is not as it should be. */
export const DEVIATIONS: Readonly<Record<string, Wrong>> = {
  'another image': (job) => (first(job).image = IMAGE.replace('1', '2')),
  'the same image by tag': (job) => (first(job).image = 'registry.test:5000/deskfleet:1.0.0'),
  'an image that is fetched each time': (job) => (first(job).imagePullPolicy = 'Always'),
  'another command': (job) => (first(job).command = ['/bin/sh', '-c', 'id', 'node-job']),
  'a command with more': (job) =>
    (first(job).command = [...job.spec.template.spec.containers[0].command, 'x']),
  'no command': (job) => delete first(job).command,
  'no words': (job) => delete first(job).args,
  'one word more': (job) => job.spec.template.spec.containers[0].args.push('x'),
  'an unknown step': (job) => (job.spec.template.spec.containers[0].args[0] = 'dance'),
  'a step whose plan is missing': (job) => {
    delete pod(job).volumes
    delete first(job).volumeMounts
  },
  'a bare step with a plan': (job) => (job.spec.template.spec.containers[0].args[0] = 'facts'),
  'an operation with other letters': (job) => (job.spec.template.spec.containers[0].args[1] = 'op1;id'),
  'an attempt that is no number': (job) => (job.spec.template.spec.containers[0].args[2] = 'x'),
  'an epoch that is no number': (job) => (job.spec.template.spec.containers[0].args[3] = '1 2'),
  'the Secret of another operation': (job) =>
    (job.spec.template.spec.volumes[0].secret.secretName = 'crown-op2-join'),
  'a Secret that is none of its own': (job) =>
    (job.spec.template.spec.volumes[0].secret.secretName = 'token'),
  'some files of the Secret': (job) =>
    (job.spec.template.spec.volumes[0].secret.items = [{ key: 'a', path: 'b' }]),
  'a Secret that all may read': (job) => (job.spec.template.spec.volumes[0].secret.defaultMode = 0o444),
  'a path of the PC': (job) => (pod(job).volumes = [{ name: 'plan', hostPath: { path: '/' } }]),
  'a second volume': (job) => job.spec.template.spec.volumes.push({ name: 'root', hostPath: { path: '/' } }),
  'a mount elsewhere': (job) => (job.spec.template.spec.containers[0].volumeMounts[0].mountPath = '/etc'),
  'a mount of a part': (job) => (job.spec.template.spec.containers[0].volumeMounts[0].subPath = 'x'),
  'a mount that may be written': (job) =>
    (job.spec.template.spec.containers[0].volumeMounts[0].readOnly = false),
  'a mount that spreads': (job) => {
    job.spec.template.spec.containers[0].volumeMounts[0].mountPropagation = 'Bidirectional'
  },
  'a second container': (job) => job.spec.template.spec.containers.push({ name: 'two', image: IMAGE }),
  'a container before': (job) => (pod(job).initContainers = [{ name: 'two', image: IMAGE }]),
  variables: (job) => (first(job).env = [{ name: 'BASH_ENV', value: '/tmp/x' }]),
  'variables from elsewhere': (job) => (first(job).envFrom = [{ secretRef: { name: 'x' } }]),
  'a command at its end': (job) => (first(job).lifecycle = { preStop: { exec: { command: ['id'] } } }),
  'a probe that runs something': (job) => (first(job).livenessProbe = { exec: { command: ['id'] } }),
  'a port': (job) => (first(job).ports = [{ containerPort: 80 }]),
  'another folder': (job) => (first(job).workingDir = '/tmp'),
  'an open stdin': (job) => (first(job).stdin = true),
  'its last words elsewhere': (job) => (first(job).terminationMessagePath = '/etc/passwd'),
  'capabilities of its own': (job) =>
    (job.spec.template.spec.containers[0].securityContext.capabilities = { add: ['ALL'] }),
  'another group': (job) => (job.spec.template.spec.containers[0].securityContext.runAsGroup = 1000),
  'a profile of system calls': (job) =>
    (job.spec.template.spec.containers[0].securityContext.seccompProfile = { type: 'RuntimeDefault' }),
  'labels of SELinux': (job) =>
    (job.spec.template.spec.containers[0].securityContext.seLinuxOptions = { type: 'spc_t' }),
  'a profile of AppArmor': (job) =>
    (job.spec.template.spec.containers[0].securityContext.appArmorProfile = { type: 'Unconfined' }),
  'a probe of readiness': (job) => (first(job).readinessProbe = { exec: { command: ['id'] } }),
  'a probe at its start': (job) => (first(job).startupProbe = { exec: { command: ['id'] } }),
  'a terminal': (job) => (first(job).tty = true),
  'another user': (job) => (job.spec.template.spec.containers[0].securityContext.runAsUser = 1000),
  'no privileges': (job) => (job.spec.template.spec.containers[0].securityContext.privileged = false),
  'settings of the kernel': (job) =>
    (pod(job).securityContext = { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] }),
  'no PC': (job) => delete pod(job).nodeName,
  'a choice of PCs': (job) => (pod(job).nodeSelector = { 'kubernetes.io/os': 'linux' }),
  'processes of its own': (job) => (pod(job).hostPID = false),
  'a network of its own': (job) => (pod(job).hostNetwork = false),
  "the PC's shared memory": (job) => (pod(job).hostIPC = true),
  'a token': (job) => (pod(job).automountServiceAccountToken = true),
  'an account': (job) => (pod(job).serviceAccountName = CROWN.program),
  'a restart': (job) => (pod(job).restartPolicy = 'OnFailure'),
  'another runtime': (job) => (pod(job).runtimeClassName = 'x'),
  'a claim on devices': (job) => (pod(job).resourceClaims = [{ name: 'x', resourceClaimName: 'x' }]),
  'names of hosts': (job) => (pod(job).hostAliases = [{ ip: '127.0.0.1', hostnames: ['x'] }]),
  'a second try': (job) => (job.spec.backoffLimit = 1),
  'two at once': (job) => {
    job.spec.parallelism = 2
    job.spec.completions = 2
  },
  'two pods for one that is done': (job) => (job.spec.parallelism = 2),
  'two that are done': (job) => (job.spec.completions = 2),
  'numbers of its pods': (job) => (job.spec.completionMode = 'Indexed'),
  'a success of its own': (job) => {
    job.spec.completionMode = 'Indexed'
    job.spec.successPolicy = { rules: [{ succeededCount: 1 }] }
  },
  'a wish for certain PCs': (job) => (pod(job).affinity = { nodeAffinity: {} }),
  'one that waits to be let go': (job) => (job.spec.suspend = true),
  'rules of its own for failures': (job) => {
    job.spec.podFailurePolicy = {
      rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } }],
    }
  },
  'another controller': (job) => (job.spec.managedBy = 'example.org/other'),
  'more time': (job) => (job.spec.activeDeadlineSeconds = 3600),
  'no end': (job) => delete job.spec.activeDeadlineSeconds,
  'a day to be read': (job) => (job.spec.ttlSecondsAfterFinished = 86_400),
}
