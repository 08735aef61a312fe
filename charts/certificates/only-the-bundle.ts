import { AUTHORITY, NAMESPACES } from '../../config/names.ts'
import { cel, type Proof } from '../kit/proof.ts'

/**
 * The keeper may patch the webhook's configuration, for the one field that is never rendered; whoever changes the rest
 * of it could have every request of the cluster sent to a server of theirs. So the API server compares the rest.
 */
const FIELDS = [
  'name',
  'rules',
  'namespaceSelector',
  'objectSelector',
  'failurePolicy',
  'matchPolicy',
  'reinvocationPolicy',
  'sideEffects',
  'timeoutSeconds',
  'admissionReviewVersions',
]
const OPTIONAL = ['matchConditions']
const CALLED = ['url', 'service']

const same = (path: string): string =>
  `has(w.${path}) == has(o.${path}) && (!has(w.${path}) || w.${path} == o.${path})`

const WEBHOOKS = [...FIELDS, ...OPTIONAL, ...CALLED.map((field) => `clientConfig.${field}`)]
  .map(same)
  .join(' && ')

const METADATA = ['ownerReferences', 'finalizers', 'labels', 'annotations']
  .map((field) => `object.metadata.?${field} == oldObject.metadata.?${field}`)
  .join(' && ')

export const ONLY_THE_BUNDLE: Proof = {
  name: 'deskfleet-only-the-bundle',
  resources: [
    {
      apiGroups: ['admissionregistration.k8s.io'],
      apiVersions: ['v1'],
      resources: ['mutatingwebhookconfigurations'],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      scope: 'Cluster',
    },
  ],
  where: 'everywhere',
  readsIdentities: false,
  when: {
    'by-the-keeper': `request.userInfo.username == ${cel(`system:serviceaccount:${NAMESPACES.system}:${AUTHORITY.keeper}`)}`,
  },
  variables: {},
  rules: [
    {
      expression: `request.operation == 'UPDATE' && size(object.webhooks) == size(oldObject.webhooks) && object.webhooks.all(w, oldObject.webhooks.exists(o, ${WEBHOOKS}))`,
      says: cel('certificate-keeper may change nothing of a webhook but its caBundle'),
    },
    {
      // An owner that does not exist would have the configuration removed.
      expression: `request.operation == 'UPDATE' && ${METADATA}`,
      says: cel(
        'certificate-keeper may change no owner, finalizer, label or annotation of a webhook configuration',
      ),
    },
  ],
}
