import { PERSON } from '../../config/labels.ts'
import {
  API_GROUP,
  CLAIM_VERB,
  DESKTOP,
  homeVolume,
  IDENTITY,
  SHARED_CLAIM,
  SHARED_VOLUME,
} from '../../config/names.ts'
import { BACKGROUND_PRIORITY } from '../../config/pod-bounds.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import { mayClaim, mayClaimEverybody, takesEverybody } from './rights.ts'

const refusal = `request.userInfo.username + ' may not claim ' + variables.person + ': ask an administrator for the right to ${CLAIM_VERB} ${IDENTITY.plural}.${API_GROUP}/' + variables.person`

/**
 * Whoever makes something that will run as a person must hold `claim` on that person. Templates count like
 * pods: else a ReplicaSet would be a way around the check, since its controller may claim everybody. What runs
 * later counts too: a changed image or template needs the claim as much as a new pod.
 */
function claim(
  name: string,
  resources: Proof['resources'],
  {
    labelled,
    changed,
  }: {
    /** CEL path of what carries the label. */
    readonly labelled: string
    /** CEL: whether an update changes what will run, or as whom. */
    readonly changed: string
  },
): Proof {
  return {
    name,
    resources,
    where: 'everywhere',
    readsIdentities: false,
    when: {
      'claims-a-person': `has(${labelled}) && has(${labelled}.metadata) && has(${labelled}.metadata.labels) && ${cel(PERSON)} in ${labelled}.metadata.labels`,
      'new-or-changed': `request.operation == 'CREATE' || ${changed}`,
    },
    variables: { person: `${labelled}.metadata.labels[${cel(PERSON)}]` },
    rules: [{ expression: mayClaim('variables.person'), says: refusal }, desktopsFirst(`${labelled}.spec`)],
  }
}

/** Desktops come before whatever else people run: who makes pods of their own does not give these the desktops' class. */
const desktopsFirst = (spec: string): Proof['rules'][number] => ({
  expression: `${spec}.?priorityClassName.orValue('') != ${cel(DESKTOP.priorityClass)} || ${mayClaimEverybody}`,
  says: `request.userInfo.username + ' may not give the priority of desktops: leave spec.priorityClassName out, or name ${BACKGROUND_PRIORITY}'`,
})

const differs = (path: string) => `object.${path} != oldObject.${path}`

const LABEL = cel(PERSON)
const labelOf = (object: string) => `${object}.metadata.?labels[?${LABEL}].orValue('')`

/**
 * Pods themselves: who they are now, and who they were. An update is judged by both, so that no way to another label
 * (there are several) opens the pod to whoever may claim only the new one.
 */
const PODS: Proof = {
  name: 'deskfleet-claim-pods',
  resources: [
    on('', ['pods'], ['CREATE', 'UPDATE']),
    on('', ['pods/ephemeralcontainers', 'pods/resize'], ['UPDATE']),
  ],
  where: 'everywhere',
  readsIdentities: false,
  when: {
    'claims-a-person': `${labelOf('object')} != '' || (request.operation == 'UPDATE' && ${labelOf('oldObject')} != '')`,
    'new-or-changed': `request.operation == 'CREATE' || ${differs('spec')} || ${labelOf('object')} != ${labelOf('oldObject')}`,
  },
  variables: {
    now: labelOf('object'),
    former: `request.operation == 'UPDATE' ? ${labelOf('oldObject')} : ''`,
    // For the message, which may not ask for rights itself.
    person: `variables.former == '' || variables.former == variables.now ? variables.now : variables.now == '' ? variables.former : variables.former + ' and ' + variables.now`,
  },
  rules: [
    {
      expression: `(variables.now == '' || ${mayClaim('variables.now')}) && (variables.former == '' || ${mayClaim('variables.former')})`,
      says: refusal,
    },
    desktopsFirst('object.spec'),
  ],
}

/** What opens the pods of everybody at once: only for those who may claim everybody. */
const claimEverybody = (
  name: string,
  resources: Proof['resources'],
  when: Proof['when'],
  what: string,
  who = mayClaimEverybody,
): Proof =>
  takesEverybody(
    name,
    resources,
    when,
    `' may not ${what} here: that takes the right to ${CLAIM_VERB} all ${IDENTITY.plural}.${API_GROUP}'`,
    who,
  )

const template = { labelled: 'object.spec.template', changed: differs('spec.template') }

/** One proof for each shape of object, so that the API server can check the types of every expression. */
export const CLAIM_PROOFS: readonly Proof[] = [
  PODS,
  claim(
    'deskfleet-claim-workloads',
    [on('apps', ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], ['CREATE', 'UPDATE'])],
    template,
  ),
  claim('deskfleet-claim-jobs', [on('batch', ['jobs'], ['CREATE', 'UPDATE'])], template),
  claim(
    'deskfleet-claim-replication-controllers',
    [on('', ['replicationcontrollers'], ['CREATE', 'UPDATE'])],
    template,
  ),
  claim('deskfleet-claim-cron-jobs', [on('batch', ['cronjobs'], ['CREATE', 'UPDATE'])], {
    labelled: 'object.spec.jobTemplate.spec.template',
    changed: differs('spec.jobTemplate'),
  }),
  claim('deskfleet-claim-pod-templates', [on('', ['podtemplates'], ['CREATE', 'UPDATE'])], {
    labelled: 'object.template',
    changed: differs('template'),
  }),
  // The controllers make pods out of these, and may claim everybody: a forged one would be a way around every check.
  claimEverybody(
    'deskfleet-claim-revisions',
    [on('apps', ['controllerrevisions'], ['CREATE', 'UPDATE'])],
    { 'new-or-changed': `request.operation == 'CREATE' || object.?data != oldObject.?data` },
    'write ControllerRevisions',
  ),
  // Admission mounts these claims by their name alone, so nobody may make one beforehand. Controllers may not either: they
  // make claims from templates that anybody wrote (a StatefulSet `x` with the claim template `home` makes `home-x-0`).
  claimEverybody(
    'deskfleet-claim-volumes',
    [on('', ['persistentvolumeclaims'], ['CREATE'])],
    {
      'a-home-or-the-shared-folder': `object.metadata.?name.orValue('') == ${cel(SHARED_CLAIM)} || object.metadata.?name.orValue('').startsWith('home-') || object.metadata.?generateName.orValue('').startsWith('home') || object.spec.?volumeName.orValue('').startsWith(${cel(homeVolume(''))}) || object.spec.?volumeName.orValue('') == ${cel(SHARED_VOLUME)}`,
    },
    'make homes',
    `${mayClaimEverybody} && !request.userInfo.username.startsWith('system:serviceaccount:kube-system:')`,
  ),
  // A binding sets labels, annotations and the PC of a pod, past every rule about them.
  claimEverybody(
    'deskfleet-claim-bindings',
    [on('', ['bindings', 'pods/binding'], ['CREATE'])],
    {},
    'bind pods to PCs',
  ),
  // Whoever gets into a running pod is its person, and a Service may lead into any. Its label cannot be seen here, so the right is on everybody.
  claimEverybody(
    'deskfleet-claim-sessions',
    [on('', ['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'services/proxy'], ['CONNECT'])],
    {},
    'enter pods',
  ),
]
