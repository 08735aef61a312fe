import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import {
  API_GROUP,
  AUTHORITY,
  CLAIM_VERB,
  GATEWAY,
  IDENTITIES_CONFIG_MAP,
  IDENTITY,
  LDAP,
  NAMESPACES,
  STORAGE,
} from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { connection } from './connection.ts'
import { CARRIED } from './identity/carried.ts'
import { CLAIM_PROOFS } from './identity/claims.ts'
import { identityDefinition } from './identity/definition.ts'
import { prove } from './identity/proof.ts'
import { account } from './kit/access.ts'
import { API_SERVER, allow, DNS } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { nodeCommand, programPod, selects } from './kit/pods.ts'
import { PRIORITIES } from './priorities.ts'

const SYNC = 'identity-sync'
const namespace = NAMESPACES.system

/** Who is who in the cluster, who may be whom, and the API server's own proof of both. */
export function identity(scope: Construct, cluster: Cluster): void {
  identityDefinition(scope)
  for (const proof of [CARRIED, ...CLAIM_PROOFS]) prove(scope, proof)
  claimEverybody(scope, cluster)
  readIdentities(scope)
  sync(scope, cluster)
}

/** Controllers make pods from templates whose authors were asked already; the gateway asks for a password. */
const CONTROLLERS = [
  'cronjob-controller',
  'daemon-set-controller',
  'deployment-controller',
  'job-controller',
  'replicaset-controller',
  'replication-controller',
  'statefulset-controller',
]

function claimEverybody(scope: Construct, cluster: Cluster): void {
  const name = 'deskfleet-claim-everybody'
  add(
    scope,
    'rbac.authorization.k8s.io/v1/ClusterRole',
    { name },
    { rules: [{ apiGroups: [API_GROUP], resources: [IDENTITY.plural], verbs: [CLAIM_VERB] }] },
  )
  add(
    scope,
    'rbac.authorization.k8s.io/v1/ClusterRoleBinding',
    { name },
    {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [
        ...CONTROLLERS.map((controller) => ({
          kind: 'ServiceAccount',
          name: controller,
          namespace: 'kube-system',
        })),
        // It has asked for the person's password.
        { kind: 'ServiceAccount', name: GATEWAY.service, namespace },
        // It makes no pods, but the claims that they mount.
        ...(cluster.storage.kind === 'path'
          ? [{ kind: 'ServiceAccount', name: STORAGE.homes, namespace: NAMESPACES.storage }]
          : []),
        // It makes no pods, but binds every pod to its PC.
        { kind: 'User', name: 'system:kube-scheduler', apiGroup: 'rbac.authorization.k8s.io' },
      ],
    },
  )
}

/** Administrators who may view the cluster may see who is who. */
function readIdentities(scope: Construct): void {
  add(
    scope,
    'rbac.authorization.k8s.io/v1/ClusterRole',
    {
      name: 'deskfleet-view-identities',
      labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
    },
    { rules: [{ apiGroups: [API_GROUP], resources: [IDENTITY.plural], verbs: ['get', 'list', 'watch'] }] },
  )
}

function sync(scope: Construct, cluster: Cluster): void {
  account(scope, SYNC, namespace, {
    cluster: [
      { group: API_GROUP, resources: [IDENTITY.plural], verbs: ['list', 'create', 'patch', 'delete'] },
      { group: API_GROUP, resources: [`${IDENTITY.plural}/status`], verbs: ['patch'] },
    ],
    namespaces: {
      [namespace]: [
        // RBAC cannot name what is about to be created, so creating is allowed by kind alone.
        { group: '', resources: ['configmaps', 'events'], verbs: ['create'] },
        { group: '', resources: ['configmaps'], verbs: ['get', 'update'], names: [IDENTITIES_CONFIG_MAP] },
        { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['create'] },
        { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get', 'update'], names: [SYNC] },
      ],
    },
  })
  const { url, baseDN, readerDN } = connection(cluster)
  const template = programPod({
    name: SYNC,
    image: imageReference('deskfleet', cluster),
    command: nodeCommand('directory/sync/main.ts'),
    serviceAccount: SYNC,
    priorityClass: PRIORITIES.platform.name,
    // The limit is for the first publishing of 10,000 people (510 MiB measured); a small room stays near the request.
    resources: { cpu: '20m', memory: '128Mi', memoryLimit: '1Gi' },
    env: {
      DESKFLEET_LDAP_URL: url,
      DESKFLEET_LDAP_BASE_DN: baseDN,
      DESKFLEET_LDAP_BIND_DN: readerDN,
      DESKFLEET_LDAP_PASSWORD_FILE: '/etc/deskfleet/reader/password',
      DESKFLEET_LDAP_CA_FILE: '/etc/deskfleet/authority/ca.crt',
    },
    ports: { metrics: 9090 },
    volumes: [
      { name: 'reader', mountPath: '/etc/deskfleet/reader', secret: { secretName: LDAP.readerSecret } },
      { name: 'authority', mountPath: '/etc/deskfleet/authority', configMap: { name: AUTHORITY.configMap } },
    ],
  })
  add(
    scope,
    'apps/v1/Deployment',
    { name: SYNC, namespace },
    {
      spec: {
        // One acts, one waits for its Lease: a dead PC delays a new person by seconds, not minutes.
        replicas: 2,
        revisionHistoryLimit: 3,
        selector: { matchLabels: selects(SYNC) },
        template,
      },
    },
  )
  allow(scope, {
    program: SYNC,
    namespace,
    hears: [{ peer: { namespace }, ports: [9090] }],
    calls: [
      ...DNS,
      API_SERVER,
      { peer: { namespace: NAMESPACES.directory, program: LDAP.service }, ports: [LDAP.port] },
    ],
  })
}
