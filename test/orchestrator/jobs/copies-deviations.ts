import { CROWN } from '../../../config/names.ts'
import { IMAGE } from './deviations.ts'

// biome-ignore lint/suspicious/noExplicitAny: what is wrong has no type
type Wrong = (job: any) => void
// biome-ignore lint/suspicious/noExplicitAny: the same
const podOf = (job: any) => job.spec.template.spec
// biome-ignore lint/suspicious/noExplicitAny: the same
const first = (job: any) => job.spec.template.spec.containers[0]

/** Jobs of the orchestrator's that copy etcd, each with one thing that is not as the CronJob has it. */
export const ASKED_DEVIATIONS: Readonly<Record<string, Wrong>> = {
  'another image': (job) => (first(job).image = IMAGE),
  'another command': (job) => first(job).command.push('x'),
  'another recipient': (job) =>
    (first(job).env.find(({ name }: { name: string }) => name === 'DESKFLEET_COPIES_RECIPIENTS').value =
      'age1x'),
  'one variable more': (job) => first(job).env.push({ name: 'NODE_OPTIONS', value: '--import=/tmp/x' }),
  'another account': (job) => {
    podOf(job).serviceAccountName = CROWN.program
    podOf(job).serviceAccount = CROWN.program
  },
  'a path of the PC that may be written': (job) => delete first(job).volumeMounts[0].readOnly,
  'another path of the PC': (job) => (podOf(job).volumes[0].hostPath.path = '/'),
  'a second container': (job) => podOf(job).containers.push({ name: 'two', image: IMAGE }),
  'a container before': (job) => (podOf(job).initContainers = [{ name: 'two', image: IMAGE }]),
  privileges: (job) => (first(job).securityContext = { privileged: true }),
  "the PC's processes": (job) => (podOf(job).hostPID = true),
  'a PC that is named': (job) => (podOf(job).nodeName = 'pc-9'),
  'any PC': (job) => delete podOf(job).nodeSelector,
  'more memory': (job) => (first(job).resources.limits.memory = '64Gi'),
  'more time': (job) => (job.spec.activeDeadlineSeconds = 86_400),
  'no end': (job) => delete job.spec.activeDeadlineSeconds,
  'a day to be read': (job) => (job.spec.ttlSecondsAfterFinished = 86_400),
  'a second try': (job) => (job.spec.backoffLimit = 1),
  'two at once': (job) => (job.spec.parallelism = 2),
  'another controller': (job) => (job.spec.managedBy = 'example.org/other'),
  'a name of its own': (job) => (job.metadata.name = 'mine'),
  'no operation': (job) => delete job.metadata.labels['deskfleet.io/operation'],
  'no word that it is a copy': (job) => delete job.metadata.labels['app.kubernetes.io/name'],
  'annotations of its pod': (job) => (job.spec.template.metadata.annotations = { a: 'b' }),
}

/** Jobs by which a PC fetches a copy, each with one thing that is not as it should be. */
export const FETCH_DEVIATIONS: Readonly<Record<string, Wrong>> = {
  'another image': (job) => (first(job).image = IMAGE.replace('1', '2')),
  'an image that is fetched each time': (job) => (first(job).imagePullPolicy = 'Always'),
  'another command': (job) => (first(job).command = ['/bin/sh', '-c', 'id']),
  words: (job) => (first(job).args = ['x']),
  'another folder of the PC': (job) => (podOf(job).volumes[0].hostPath.path = '/etc/kubernetes'),
  'a folder that is above': (job) => (podOf(job).volumes[0].hostPath.path = '/var/lib/deskfleet'),
  'a file of the PC': (job) => (podOf(job).volumes[0].hostPath.type = 'File'),
  'a second folder of the PC': (job) => podOf(job).volumes.push({ name: 'root', hostPath: { path: '/' } }),
  'a folder of the PC to work in': (job) =>
    (podOf(job).volumes[1] = { name: 'scratch', hostPath: { path: '/' } }),
  'a Secret to work in': (job) =>
    (podOf(job).volumes[1] = { name: 'scratch', secret: { secretName: 'crown-a-join' } }),
  'a mount elsewhere': (job) => (first(job).volumeMounts[0].mountPath = '/app'),
  'both mounts at one place': (job) =>
    (first(job).volumeMounts[1] = { name: 'copies', mountPath: '/scratch' }),
  'a mount of a part': (job) => (first(job).volumeMounts[0].subPath = 'x'),
  'a mount that spreads': (job) => (first(job).volumeMounts[0].mountPropagation = 'HostToContainer'),
  'one mount more': (job) => first(job).volumeMounts.push({ name: 'copies', mountPath: '/more' }),
  'a variable more': (job) => first(job).env.push({ name: 'NODE_OPTIONS', value: '--import=/copies/x' }),
  'a variable less': (job) => first(job).env.pop(),
  'a variable by another name': (job) => (first(job).env[0].name = 'NODE_OPTIONS'),
  'a variable from elsewhere': (job) =>
    (first(job).env[1] = {
      name: 'DESKFLEET_COPY_URL',
      valueFrom: { secretKeyRef: { name: 'x', key: 'y' } },
    }),
  'variables from elsewhere': (job) => (first(job).envFrom = [{ secretRef: { name: 'x' } }]),
  'a copy by a path': (job) => (first(job).env[0].value = '../../../etc/passwd'),
  'another site': (job) => (first(job).env[1].value = 'http://example.org/x'),
  'another sum': (job) => (first(job).env[2].value = 'x'),
  'another place in the container': (job) => (first(job).env[3].value = '/app'),
  "the PC's processes": (job) => (podOf(job).hostPID = true),
  "the PC's shared memory": (job) => (podOf(job).hostIPC = true),
  'a network of its own': (job) => (podOf(job).hostNetwork = false),
  'no PC': (job) => delete podOf(job).nodeName,
  'a choice of PCs': (job) => (podOf(job).nodeSelector = { 'kubernetes.io/os': 'linux' }),
  privileges: (job) => (first(job).securityContext = { privileged: true }),
  'a capability': (job) => (first(job).securityContext.capabilities.add = ['DAC_OVERRIDE']),
  'some capabilities left': (job) => (first(job).securityContext.capabilities.drop = ['NET_RAW']),
  'a way to more': (job) => (first(job).securityContext.allowPrivilegeEscalation = true),
  'a system that may be written': (job) => (first(job).securityContext.readOnlyRootFilesystem = false),
  'another user': (job) => (first(job).securityContext.runAsUser = 1000),
  'no profile of system calls': (job) => (first(job).securityContext.seccompProfile = { type: 'Unconfined' }),
  'labels of SELinux': (job) => (first(job).securityContext.seLinuxOptions = { type: 'spc_t' }),
  'labels of SELinux for its pod': (job) =>
    (podOf(job).securityContext = { seLinuxOptions: { type: 'spc_t' } }),
  'settings of the kernel': (job) =>
    (podOf(job).securityContext = { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] }),
  'a group that may more': (job) => (podOf(job).securityContext = { fsGroup: 0 }),
  'a token': (job) => (podOf(job).automountServiceAccountToken = true),
  'an account': (job) => (podOf(job).serviceAccountName = CROWN.program),
  'a second container': (job) => podOf(job).containers.push({ name: 'two', image: IMAGE }),
  'a container before': (job) => (podOf(job).initContainers = [{ name: 'two', image: IMAGE }]),
  'a probe that runs something': (job) => (first(job).livenessProbe = { exec: { command: ['id'] } }),
  'another folder': (job) => (first(job).workingDir = '/copies'),
  'its last words elsewhere': (job) => (first(job).terminationMessagePath = '/copies/x'),
  'another runtime': (job) => (podOf(job).runtimeClassName = 'x'),
  'more time': (job) => (job.spec.activeDeadlineSeconds = 3_600),
  'a day to be read': (job) => (job.spec.ttlSecondsAfterFinished = 86_400),
  'a second try': (job) => (job.spec.backoffLimit = 1),
  'two at once': (job) => (job.spec.parallelism = 2),
  'another controller': (job) => (job.spec.managedBy = 'example.org/other'),
}
