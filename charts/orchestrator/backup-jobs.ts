import { imageReference } from '../../config/images.ts'
import { NAME, OPERATION } from '../../config/labels.ts'
import { CROWN, NAMESPACES } from '../../config/names.ts'
import { COPIES, fetchJob } from '../../orchestrator/backup/fetch-job.ts'
import { KEPT_SECONDS } from '../../orchestrator/jobs/job.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import {
  BACKUP,
  by,
  goesAfter,
  isImage,
  NEW_OR_CHANGED,
  NO_ACCOUNT,
  ON_ONE_PC,
  ONCE,
  ONE_CONTAINER,
  ORCHESTRATOR,
  onlyACommand,
  type Rule,
} from './job-shape.ts'

/**
 * What copies etcd reads the keys of the cluster. So whoever took the orchestrator's account over may have a copy made, and have
 * nothing else done with that account; and whoever took the account of copies over may bring a file to a PC's folder of copies.
 */

const template = 'object.spec.template'
const delivered = 'params.spec.jobTemplate.spec'

/** Compared with the CronJob itself, which the API server reads: what it says later is right at once. */
const AS_DELIVERED: readonly Rule[] = [
  [
    `object.metadata.name.matches('^crown-[a-z0-9-]{1,40}-backup$') && object.metadata.?labels[${cel(OPERATION)}].orValue('') != ''`,
    'it is of no operation',
  ],
  ONCE,
  goesAfter(KEPT_SECONDS),
  [
    `object.spec.?activeDeadlineSeconds.orValue(0) == ${delivered}.?activeDeadlineSeconds.orValue(0)`,
    'it may take longer, or less long',
  ],
  [`dyn(${template}.spec) == dyn(${delivered}.template.spec)`, 'its pod is another'],
  [`!has(${template}.metadata.annotations)`, 'its pod has annotations'],
]

const ASKED: Proof = {
  name: 'deskfleet-copies-asked-for',
  resources: [on('batch', ['jobs'], ['CREATE', 'UPDATE'])],
  where: 'crown',
  readsIdentities: false,
  reads: {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    namespace: NAMESPACES.crown,
    name: CROWN.backup,
  },
  // By the label, and not by a condition: where the CronJob is missing, a policy that reads it refuses all that it is asked
  // about, before any condition; node jobs, and the runs of other CronJobs, must go on.
  labels: { [NAME]: CROWN.backup },
  when: { ...NEW_OR_CHANGED, 'by-the-orchestrator': by(ORCHESTRATOR) },
  variables: {},
  rules: AS_DELIVERED.map(([expression, wrong]) => ({
    expression,
    says: cel(`this is not how etcd is copied: ${wrong}`),
  })),
}

/** How values of its variables look; those that are not here are as in the sample. */
const VALUES: Readonly<Record<string, string>> = {
  DESKFLEET_COPY: '^etcd-[0-9]{8}T[0-9]{6}Z-[0-9]{1,20}[.]age$',
  DESKFLEET_COPY_URL: '^http://[0-9.]{7,15}:[0-9]{1,5}/[0-9a-f]{48}$',
  DESKFLEET_COPY_SHA256: '^[0-9a-f]{64}$',
}

function fetched(image: string): readonly Rule[] {
  const sample = fetchJob({ copy: '', from: '', to: '' }, { url: '', sha256: '' }, image).spec
  const container = sample?.template.spec?.containers[0]
  const { command = [], env = [], volumeMounts = [] } = container ?? {}
  const values = env.map(({ name, value = '' }, index) => {
    const at = `variables.env[${index}].?value.orValue('')`
    const pattern = VALUES[name]
    return pattern === undefined ? `${at} == ${cel(value)}` : `${at}.matches(${cel(pattern)})`
  })
  const places = volumeMounts.map(({ name, mountPath }) => `${cel(name)}: ${cel(mountPath)}`)
  return [
    ONCE,
    goesAfter(sample?.ttlSecondsAfterFinished ?? 0),
    [
      `object.spec.?activeDeadlineSeconds.orValue(0) == ${sample?.activeDeadlineSeconds}`,
      'it may take longer, or less long',
    ],
    ON_ONE_PC,
    [
      `variables.pod.?hostNetwork.orValue(false) && !variables.pod.?hostPID.orValue(false) && !variables.pod.?hostIPC.orValue(false) && variables.pod.?hostUsers.orValue(true) && !variables.pod.?shareProcessNamespace.orValue(false)`,
      'its namespaces are others',
    ],
    NO_ACCOUNT,
    ONE_CONTAINER,
    [
      ['sysctls', 'seLinuxOptions', 'appArmorProfile', 'seccompProfile', 'supplementalGroups', 'fsGroup']
        .map((field) => `!has(variables.pod.securityContext.${field})`)
        .join(' && '),
      'its pod runs with other rights',
    ],
    isImage(image),
    [
      `variables.container.?command.orValue([]) == ${JSON.stringify(command)} && size(variables.container.?args.orValue([])) == 0`,
      'its command is another',
    ],
    [
      `variables.env.map(e, e.name) == ${JSON.stringify(env.map(({ name }) => name))} && !variables.env.exists(e, has(e.valueFrom))`,
      'its variables are others',
    ],
    // Each by itself, after there are as many.
    [`size(variables.env) == ${env.length} && ${values.join(' && ')}`, 'its variables say something else'],
    [
      `!variables.security.?privileged.orValue(false) && !variables.security.?allowPrivilegeEscalation.orValue(true) && variables.security.?readOnlyRootFilesystem.orValue(false) && variables.security.?runAsUser.orValue(-1) == 0 && variables.security.?runAsGroup.orValue(-1) == 0`,
      'it runs with other rights',
    ],
    [
      `variables.security.?capabilities.?drop.orValue([]) == ['ALL'] && size(variables.security.?capabilities.?add.orValue([])) == 0`,
      'it has capabilities',
    ],
    [
      `variables.security.?seccompProfile.?type.orValue('') == 'RuntimeDefault' && !has(variables.security.procMount) && !has(variables.security.seLinuxOptions) && !has(variables.security.appArmorProfile)`,
      'what confines it is another',
    ],
    onlyACommand(`!has(variables.container.restartPolicy)`),
    [
      `variables.pod.?volumes.orValue([]).map(v, v.name) == ['copies', 'scratch'] && variables.pod.volumes[0].?hostPath.?path.orValue('') == ${cel(COPIES)} && variables.pod.volumes[0].?hostPath.?type.orValue('') == 'DirectoryOrCreate' && has(variables.pod.volumes[1].emptyDir)`,
      'its volumes are others: the folder of copies, and room to work in',
    ],
    [
      `size(variables.container.?volumeMounts.orValue([])) == ${places.length} && variables.container.?volumeMounts.orValue([]).all(m, m.name in {${places.join(', ')}} && m.mountPath == {${places.join(', ')}}[m.name] && m.?subPath.orValue('') == '' && m.?subPathExpr.orValue('') == '' && m.?mountPropagation.orValue('None') == 'None')`,
      'its mounts are others',
    ],
  ]
}

type Images = Parameters<typeof imageReference>[1]

const carried = (images: Images): Proof => ({
  name: 'deskfleet-copies-carried',
  resources: [on('batch', ['jobs'], ['CREATE', 'UPDATE'])],
  where: 'crown',
  readsIdentities: false,
  when: { ...NEW_OR_CHANGED, 'by-what-copies-etcd': by(BACKUP) },
  variables: {
    pod: `${template}.spec`,
    container: 'variables.pod.containers[0]',
    env: 'variables.container.?env.orValue([])',
    security: 'variables.container.securityContext',
  },
  rules: fetched(imageReference('deskfleet', images)).map(([expression, wrong]) => ({
    expression,
    says: cel(`this is not how a copy is fetched: ${wrong}`),
  })),
})

export const backupJobProofs = (images: Images): readonly Proof[] => [ASKED, carried(images)]
