import { AUTHORITY, desktopName, EVERY_ROOM, GATEWAY, GLUSTER, LDAP, NAMESPACES } from '../../config/names.ts'
import { cel, on, type Proof } from '../kit/proof.ts'
import { by, ORCHESTRATOR } from '../orchestrator/job-shape.ts'

const { system, directory, desktops } = NAMESPACES

/**
 * Which Secrets each account of ours may write, as `namespace/name`. RBAC cannot name what is about to be created, and
 * whoever may create any Secret may create one that Kubernetes fills with another account's token.
 */
export const SECRETS_OF: Readonly<Record<string, readonly string[]>> = {
  'make-secrets': [
    `${directory}/${LDAP.adminSecret}`,
    `${directory}/${LDAP.readerSecret}`,
    `${directory}/${LDAP.replicaSecret}`,
    `${system}/${LDAP.readerSecret}`,
    `${system}/${GATEWAY.sessionsSecret}`,
  ],
  [AUTHORITY.keeper]: [
    `${system}/${AUTHORITY.secret}`,
    `${system}/${AUTHORITY.doorRootSecret}`,
    `${system}/${AUTHORITY.doorSecret}`,
    `${system}/${AUTHORITY.webhookSecret}`,
    `${system}/${AUTHORITY.gatewaySecret}`,
    `${system}/${AUTHORITY.ingressSecret}`,
    `${system}/${AUTHORITY.callerSecret}`,
    `${directory}/${LDAP.tlsSecret}`,
    `${system}/${GLUSTER.authority}`,
  ],
  [GATEWAY.service]: [`${system}/${GATEWAY.sessionsSecret}`],
}

/** The kinds of Secrets that Kubernetes does nothing with but keep. */
const TYPES = ['Opaque', 'kubernetes.io/tls']

const user = (account: string): string => `system:serviceaccount:${system}:${account}`
const isUser = (account: string): string => `request.userInfo.username == ${cel(user(account))}`
const listed = Object.entries(SECRETS_OF).map(
  ([account, secrets]) => `(${isUser(account)} && variables.secret in ${JSON.stringify(secrets)})`,
)
const ofDesktop = `(${isUser(GATEWAY.service)} && request.namespace == ${cel(desktops)} && object.metadata.name.startsWith(${cel(desktopName(''))}))`

// The one program of `deskfleet-sources` has no token.
const groups = EVERY_ROOM.map((namespace) => `system:serviceaccounts:${namespace}`)

/** No account of ours becomes another one by way of a Secret. */
export const WRITTEN_SECRETS: Proof = {
  name: 'deskfleet-written-secrets',
  resources: [on('', ['secrets'], ['CREATE', 'UPDATE'])],
  where: 'everywhere',
  readsIdentities: false,
  when: {
    'by-an-account-of-ours': `request.userInfo.groups.exists(g, g in ${JSON.stringify(groups)})`,
    // Of those judges charts/orchestrator/join-secrets.ts: tokens among them have a type of their own.
    'not-by-the-orchestrator': `!(${by(ORCHESTRATOR)})`,
  },
  variables: { secret: `request.namespace + '/' + object.metadata.name` },
  rules: [
    {
      expression: `object.type in ${JSON.stringify(TYPES)}`,
      says: `request.userInfo.username + ' may write Secrets of type ${TYPES.join(' and ')} alone, not ' + object.type`,
    },
    {
      expression: [...listed, ofDesktop].join(' || '),
      says: `request.userInfo.username + ' may not write the Secret ' + variables.secret`,
    },
  ],
}
