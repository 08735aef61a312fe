import { PERSON } from '../../config/labels.ts'
import { API_GROUP, CLAIM_VERB, IDENTITY, SHARED_CLAIM } from '../../config/names.ts'
import { cel, on, type Proof } from './proof.ts'

const rights = `authorizer.group(${cel(API_GROUP)}).resource(${cel(IDENTITY.plural)})`
const mayClaim = (person: string) => `${rights}.name(${person}).check(${cel(CLAIM_VERB)}).allowed()`
const mayClaimEverybody = `${rights}.check(${cel(CLAIM_VERB)}).allowed()`

const refusal = `request.userInfo.username + ' may not claim ' + variables.person + ': ask an administrator for the right to ${CLAIM_VERB} ${IDENTITY.plural}.${API_GROUP}/' + variables.person`

/**
 * Whoever makes something that will run as a person must hold `claim` on that person. Templates count like
 * pods: else a ReplicaSet would launder the claim, since its controller may claim everybody. What runs later
 * counts too: a changed image or template needs the claim as much as a new pod.
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
    rules: [{ expression: mayClaim('variables.person'), says: refusal }],
  }
}

const differs = (path: string) => `object.${path} != oldObject.${path}`

const LABEL = cel(PERSON)
const labelOf = (object: string) => `${object}.metadata.?labels[?${LABEL}].orValue('')`

/**
 * Pods themselves: who they are now, and who they were. An update is judged by both, so that no way to another label
 * (there are several) opens the pod to whoever may claim only the new one.
 */
const PODS: Proof = {
  name: 'deskfleet-claim-pods',
  resources: [on('', ['pods'], ['CREATE', 'UPDATE']), on('', ['pods/ephemeralcontainers'], ['UPDATE'])],
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
  ],
}

/** What opens the pods of everybody at once: only for those who may claim everybody. */
function claimEverybody(
  name: string,
  resources: Proof['resources'],
  when: Proof['when'],
  what: string,
): Proof {
  return {
    name,
    resources,
    where: 'desktops',
    readsIdentities: false,
    when,
    variables: {},
    rules: [
      {
        expression: mayClaimEverybody,
        says: `request.userInfo.username + ' may not ${what} here: that takes the right to ${CLAIM_VERB} all ${IDENTITY.plural}.${API_GROUP}'`,
      },
    ],
  }
}

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
  // The controllers make pods out of these, and may claim everybody: a forged one would launder any claim.
  claimEverybody(
    'deskfleet-claim-revisions',
    [on('apps', ['controllerrevisions'], ['CREATE', 'UPDATE'])],
    { 'new-or-changed': `request.operation == 'CREATE' || object.?data != oldObject.?data` },
    'write ControllerRevisions',
  ),
  // Admission mounts these claims by their name alone, so nobody may make one beforehand.
  claimEverybody(
    'deskfleet-claim-volumes',
    [on('', ['persistentvolumeclaims'], ['CREATE'])],
    {
      'a-home-or-the-shared-folder': `object.metadata.?name.orValue('') == ${cel(SHARED_CLAIM)} || object.metadata.?name.orValue('').startsWith('home-') || object.metadata.?generateName.orValue('').startsWith('home')`,
    },
    'make homes',
  ),
  // A binding sets labels, annotations and the PC of a pod, past every rule about them.
  claimEverybody(
    'deskfleet-claim-bindings',
    [on('', ['bindings', 'pods/binding'], ['CREATE'])],
    {},
    'bind pods to PCs',
  ),
  // Whoever gets into a running pod is its person. Its label cannot be seen here, so the right is on everybody.
  claimEverybody(
    'deskfleet-claim-sessions',
    [on('', ['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy'], ['CONNECT'])],
    {},
    'enter pods',
  ),
]
