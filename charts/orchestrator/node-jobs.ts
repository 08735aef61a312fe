import { imageReference } from '../../config/images.ts'
import { NAME } from '../../config/labels.ts'
import { CROWN, NAMESPACES } from '../../config/names.ts'
import { COMMANDS, KEPT_SECONDS } from '../../orchestrator/jobs/job.ts'
import { STEPS } from '../../orchestrator/jobs/step.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import {
  BACKUP,
  by,
  CRONJOBS,
  goesAfter,
  isImage,
  JOBS,
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
 * A node job is root on a PC, masters among them. So whoever took the orchestrator's account over could be root everywhere,
 * were its Jobs not of a few shapes, compared field by field with those that `orchestrator/jobs/` makes; and nobody else
 * makes privileged pods where it makes its own.
 */

/** CEL of a pod's spec: whether it reaches the PC that it runs on as its root does. */
const reachesPc = (spec: string): string => {
  const strong = (list: string) =>
    `${list}.exists(c, c.?securityContext.?privileged.orValue(false) || c.?securityContext.?allowPrivilegeEscalation.orValue(false) || size(c.?securityContext.?capabilities.?add.orValue([])) > 0)`
  return [
    `${spec}.?hostPID.orValue(false)`,
    `${spec}.?hostIPC.orValue(false)`,
    strong(`${spec}.containers`),
    strong(`${spec}.?initContainers.orValue([])`),
  ].join(' || ')
}

const steps = Object.entries(STEPS)
const inCel = (names: readonly string[]): string => JSON.stringify(names)
const withPlan = steps.flatMap(([name, shape]) => ('plan' in shape ? name : []))
const table = (of: (shape: (typeof STEPS)[keyof typeof STEPS]) => string | number | undefined): string =>
  `{${steps.flatMap(([name, shape]) => (of(shape) === undefined ? [] : `${cel(name)}: ${JSON.stringify(of(shape))}`)).join(', ')}}`

const ARGUMENTS = table((shape) => ('argument' in shape ? shape.argument : undefined))
const PATIENCE = table((shape) => shape.patience)

const shapeOf = (image: string): readonly Rule[] => [
  ONCE,
  goesAfter(KEPT_SECONDS),
  ON_ONE_PC,
  [
    `variables.pod.?hostPID.orValue(false) && variables.pod.?hostNetwork.orValue(false) && !variables.pod.?hostIPC.orValue(false) && variables.pod.?hostUsers.orValue(true) && !variables.pod.?shareProcessNamespace.orValue(false)`,
    'its namespaces are others',
  ],
  NO_ACCOUNT,
  ONE_CONTAINER,
  // One of ours leaves the pod's own empty, which the API server writes as {} or not at all.
  [`!has(variables.pod.securityContext.sysctls)`, 'it sets what the kernel does'],
  isImage(image),
  [`variables.step in ${inCel(steps.map(([name]) => name))}`, 'its step is none of those that there are'],
  [
    `variables.command == (variables.planned ? ${inCel(COMMANDS.withPlan)} : ${inCel(COMMANDS.bare)})`,
    'its command is another',
  ],
  [
    `size(variables.words) == (variables.step in variables.arguments ? 5 : 4) && variables.words[1].matches('^[a-z0-9-]{1,24}$') && variables.words[2].matches('^[0-9]{1,6}$') && variables.words[3].matches('^[0-9]{1,15}$')`,
    'its words are others',
  ],
  [
    `size(variables.words) != 5 || !(variables.step in variables.arguments) || variables.words[4].matches(variables.arguments[variables.step])`,
    'its argument is none that the step takes',
  ],
  [
    `variables.step in variables.patience && object.spec.?activeDeadlineSeconds.orValue(0) == variables.patience[variables.step]`,
    'it may take longer, or less long',
  ],
  [
    `variables.container.?securityContext.?privileged.orValue(false) && variables.container.?securityContext.?runAsUser.orValue(-1) == 0 && variables.container.?securityContext.?runAsGroup.orValue(-1) == 0 && !has(variables.container.securityContext.capabilities) && !has(variables.container.securityContext.procMount) && !has(variables.container.securityContext.seLinuxOptions) && !has(variables.container.securityContext.appArmorProfile) && !has(variables.container.securityContext.seccompProfile)`,
    'it runs with other rights',
  ],
  onlyACommand('size(variables.container.?env.orValue([])) == 0'),
  [
    `size(variables.pod.?volumes.orValue([])) == (variables.planned ? 1 : 0) && variables.pod.?volumes.orValue([]).all(v, v.name == 'plan' && has(v.secret) && v.secret.?secretName.orValue('').startsWith('crown-' + variables.words[1] + '-') && !has(v.secret.items) && v.secret.?defaultMode.orValue(0) == 256)`,
    'its volumes are others: none, or the Secret of its own operation',
  ],
  [
    `size(variables.container.?volumeMounts.orValue([])) == (variables.planned ? 1 : 0) && variables.container.?volumeMounts.orValue([]).all(m, m.name == 'plan' && m.mountPath == ${cel(CROWN.plan)} && m.?readOnly.orValue(false) && m.?subPath.orValue('') == '' && m.?subPathExpr.orValue('') == '' && m.?mountPropagation.orValue('None') == 'None')`,
    'its mounts are others',
  ],
]

/** What tells where images are. */
type Images = Parameters<typeof imageReference>[1]

/** The Jobs of the orchestrator. */
const ofTheOrchestrator = (images: Images, copied: boolean): Proof => ({
  name: 'deskfleet-node-jobs',
  resources: [on('batch', ['jobs'], ['CREATE', 'UPDATE'])],
  where: 'crown',
  readsIdentities: false,
  when: {
    ...NEW_OR_CHANGED,
    'by-the-orchestrator': by(ORCHESTRATOR),
    // Of these judges backup-jobs.ts, by the label.
    ...(copied
      ? { 'no-copy-of-etcd': `object.metadata.?labels[${cel(NAME)}].orValue('') != ${cel(CROWN.backup)}` }
      : {}),
  },
  variables: {
    pod: 'object.spec.template.spec',
    container: 'variables.pod.containers[0]',
    command: 'variables.container.?command.orValue([])',
    words: 'variables.container.?args.orValue([])',
    step: `size(variables.words) > 0 ? variables.words[0] : ''`,
    planned: `variables.step in ${inCel(withPlan)}`,
    arguments: ARGUMENTS,
    patience: PATIENCE,
  },
  rules: shapeOf(imageReference('deskfleet', images)).map(([expression, wrong]) => ({
    expression,
    says: cel(`this is no node job: ${wrong}`),
  })),
})

/** Other Jobs there are those of delivered CronJobs, and reach no PC. */
const OF_OTHERS: Proof = {
  name: 'deskfleet-jobs-beside-node-jobs',
  resources: [on('batch', ['jobs'], ['CREATE', 'UPDATE'])],
  where: 'crown',
  readsIdentities: false,
  when: { ...NEW_OR_CHANGED, 'by-somebody-else': `!(${by(ORCHESTRATOR)}) && !(${by(BACKUP)})` },
  variables: {},
  rules: [
    {
      expression: by(CRONJOBS),
      says: `request.userInfo.username + ' makes no Jobs in ${NAMESPACES.crown}: the orchestrator does, and CronJobs that are delivered'`,
    },
    {
      expression: `!(${reachesPc('object.spec.template.spec')})`,
      says: cel('a Job of a CronJob does not reach the PC that it runs on'),
    },
  ],
}

/** Pods that reach a PC are those of Jobs that were judged, whoever else makes pods. */
const PODS: Proof = {
  name: 'deskfleet-pods-of-node-jobs',
  resources: [on('', ['pods'], ['CREATE'])],
  where: 'crown',
  readsIdentities: false,
  // Of its files what is read as well: keys of masters lie there.
  when: {
    'reaches-the-pc': `${reachesPc('object.spec')} || object.spec.?volumes.orValue([]).exists(v, has(v.hostPath))`,
  },
  variables: {},
  rules: [
    {
      expression: by(JOBS),
      says: `request.userInfo.username + ' makes no pods in ${NAMESPACES.crown} that reach the PC they run on: only node jobs do'`,
    },
  ],
}

/** Nobody joins one that runs. */
const GUESTS: Proof = {
  name: 'deskfleet-guests-of-node-jobs',
  resources: [on('', ['pods/ephemeralcontainers'], ['UPDATE'])],
  where: 'crown',
  readsIdentities: false,
  when: {},
  variables: {},
  rules: [
    {
      expression: 'size(object.spec.?ephemeralContainers.orValue([])) == 0',
      says: cel(`no container is added to a pod in ${NAMESPACES.crown}`),
    },
  ],
}

/** @param copied whether the orchestrator may ask for a copy of etcd as well */
export const nodeJobProofs = (images: Images, copied = false): readonly Proof[] => [
  ofTheOrchestrator(images, copied),
  OF_OTHERS,
  PODS,
  GUESTS,
]
