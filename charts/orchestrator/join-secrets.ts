import { OPERATION } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import { by, ORCHESTRATOR } from './job-shape.ts'

/**
 * By what PCs join, the orchestrator writes and removes. RBAC names neither what is about to be created nor tokens, whose
 * names are drawn; and who may create any Secret may create one that Kubernetes fills with somebody's token.
 */

const NODES = 'system:bootstrappers:kubeadm:default-node-token'
const ENCODED = Buffer.from(NODES).toString('base64')

const name = 'variables.secret.metadata.name'
const ofAnOperation = `variables.secret.metadata.?labels[${cel(OPERATION)}].orValue('') != ''`

const TOKEN = [
  `variables.secret.type == 'bootstrap.kubernetes.io/token'`,
  `${name}.matches('^bootstrap-token-[a-z0-9]{6}$')`,
  ofAnOperation,
].join(' && ')

const PLAN = [
  `request.namespace == ${cel(NAMESPACES.crown)}`,
  `variables.secret.type == 'Opaque'`,
  `${name}.startsWith('crown-')`,
  ofAnOperation,
].join(' && ')

const isRemoved = `request.operation == 'DELETE'`

export const JOIN_SECRETS: Proof = {
  name: 'deskfleet-secrets-to-join-by',
  resources: [on('', ['secrets'], ['CREATE', 'UPDATE', 'DELETE'])],
  where: 'everywhere',
  readsIdentities: false,
  when: { 'by-the-orchestrator': by(ORCHESTRATOR) },
  variables: {
    secret: `${isRemoved} ? oldObject : object`,
    token: `request.namespace == 'kube-system' && ${TOKEN}`,
    // Bytes by its type; what the API server hands to the rule is their text in base64.
    groups: `dyn(object.?data['auth-extra-groups'].orValue(b''))`,
    // Kubeadm's own, encrypted by a key that only the plans of an operation have.
    certificates: `request.namespace == 'kube-system' && ${isRemoved} && ${name} == 'kubeadm-certs'`,
  },
  rules: [
    {
      expression: `variables.token || variables.certificates || (${PLAN})`,
      says: `request.userInfo.username + ' writes and removes what PCs join by alone, with its operation, not the Secret ' + request.namespace + '/' + ${name}`,
    },
    {
      expression: `!variables.token || ${isRemoved} || (variables.groups in [dyn(${cel(ENCODED)}), dyn(b${cel(NODES)})] && has(object.data.expiration))`,
      says: cel('a token lets PCs in as workers, and ends by itself'),
    },
  ],
}
