import { CROWN, NAMESPACES } from '../../config/names.ts'
import { cel } from '../kit/proof.ts'

/** What the rules about Jobs in `deskfleet-crown` have in common: who makes them, and what one of ours never has. */

export const ORCHESTRATOR = `system:serviceaccount:${NAMESPACES.crown}:${CROWN.program}`
export const BACKUP = `system:serviceaccount:${NAMESPACES.crown}:${CROWN.backup}`
export const CRONJOBS = 'system:serviceaccount:kube-system:cronjob-controller'
export const JOBS = 'system:serviceaccount:kube-system:job-controller'
export const by = (account: string): string => `request.userInfo.username == ${cel(account)}`

/** On the way out, finalizers come off; what runs stays as it was judged. */
export const NEW_OR_CHANGED = {
  'new-or-changed': `request.operation == 'CREATE' || object.spec != oldObject.spec`,
}

/** A CEL rule, with what it is that is wrong where it does not hold. */
export type Rule = readonly [expression: string, wrong: string]

/** Compared with what the API server makes of a Job of ours: what we do not say has its default there. */
export const ONCE: Rule = [
  `object.spec.?backoffLimit.orValue(6) == 0 && object.spec.?parallelism.orValue(1) == 1 && object.spec.?completions.orValue(1) == 1 && object.spec.?completionMode.orValue('NonIndexed') == 'NonIndexed' && !object.spec.?suspend.orValue(false) && !has(object.spec.podFailurePolicy) && !has(object.spec.successPolicy) && !has(object.spec.managedBy)`,
  'it is tried more than once, or by somebody else',
]

export const goesAfter = (seconds: number): Rule => [
  `object.spec.?ttlSecondsAfterFinished.orValue(0) == ${seconds}`,
  'it does not go by itself',
]

// What follows wants the variables `pod` and `container`.

export const ON_ONE_PC: Rule = [
  `variables.pod.?nodeName.orValue('') != '' && !has(variables.pod.nodeSelector) && !has(variables.pod.affinity)`,
  'it names no PC',
]

export const NO_ACCOUNT: Rule = [
  `!variables.pod.?automountServiceAccountToken.orValue(true) && variables.pod.?serviceAccountName.orValue('default') == 'default' && variables.pod.?serviceAccount.orValue('default') == 'default'`,
  'it has a token of an account',
]

export const ONE_CONTAINER: Rule = [
  `variables.pod.?restartPolicy.orValue('') == 'Never' && size(variables.pod.containers) == 1 && size(variables.pod.?initContainers.orValue([])) == 0 && !has(variables.pod.resourceClaims) && !has(variables.pod.runtimeClassName) && !has(variables.pod.hostAliases)`,
  'there is more in its pod',
]

export const isImage = (image: string): Rule => [
  `variables.container.?image.orValue('') == ${cel(image)} && variables.container.?imagePullPolicy.orValue('') == 'IfNotPresent'`,
  'its image is another',
]

const ONLY_A_COMMAND = `size(variables.container.?envFrom.orValue([])) == 0 && size(variables.container.?ports.orValue([])) == 0 && !has(variables.container.lifecycle) && !has(variables.container.livenessProbe) && !has(variables.container.readinessProbe) && !has(variables.container.startupProbe) && !has(variables.container.workingDir) && !variables.container.?stdin.orValue(false) && !variables.container.?tty.orValue(false) && size(variables.container.?volumeDevices.orValue([])) == 0 && variables.container.?terminationMessagePath.orValue('/dev/termination-log') == '/dev/termination-log'`

/** @param more what else must hold of its container, in CEL */
export const onlyACommand = (more: string): Rule => [
  `${more} && ${ONLY_A_COMMAND}`,
  'its container has more than a command',
]
