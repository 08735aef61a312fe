import { PERSON } from '../../config/labels.ts'
import { API_GROUP, CLAIM_VERB, IDENTITY } from '../../config/names.ts'
import { cel, on, type Proof } from './proof.ts'

const mayClaim = `authorizer.group(${cel(API_GROUP)}).resource(${cel(IDENTITY.plural)}).name(variables.person).check(${cel(CLAIM_VERB)}).allowed()`

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
  const exists = labelled === 'object' ? '' : `has(${labelled}) && `
  return {
    name,
    resources,
    readsIdentities: false,
    when: {
      'claims-a-person': `${exists}has(${labelled}.metadata) && has(${labelled}.metadata.labels) && ${cel(PERSON)} in ${labelled}.metadata.labels`,
      'new-or-changed': `request.operation == 'CREATE' || ${changed}`,
    },
    variables: { person: `${labelled}.metadata.labels[${cel(PERSON)}]` },
    rules: [{ expression: mayClaim, says: refusal }],
  }
}

const differs = (path: string) => `object.${path} != oldObject.${path}`

const template = { labelled: 'object.spec.template', changed: differs('spec.template') }

/** One proof for each shape of object, so that the API server can check the types of every expression. */
export const CLAIM_PROOFS: readonly Proof[] = [
  claim(
    'deskfleet-claim-pods',
    [on('', ['pods'], ['CREATE', 'UPDATE']), on('', ['pods/ephemeralcontainers'], ['UPDATE'])],
    {
      labelled: 'object',
      changed: `${differs('spec')} || ${differs(`metadata.?labels[?${cel(PERSON)}]`)}`,
    },
  ),
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
]
