import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import {
  API_GROUP,
  CLAIM_VERB,
  DIRECTORY_CHECKED,
  GATEWAY,
  IDENTITIES_CONFIG_MAP,
  IDENTITY,
  NAMESPACES,
  STORAGE,
} from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { POD_BOUNDS } from './identity/bounds.ts'
import { CARRIED } from './identity/carried.ts'
import { CHANGES } from './identity/changes.ts'
import { CLAIM_PROOFS } from './identity/claims.ts'
import { identityDefinition } from './identity/definition.ts'
import { LOCKS } from './identity/locks.ts'
import { REMOVALS } from './identity/removals.ts'
import { RESERVED } from './identity/reserved.ts'
import { volumeProofs } from './identity/volumes.ts'
import { leaseRights } from './kit/access.ts'
import { add } from './kit/objects.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { prove } from './kit/proof.ts'
import { ldapReader } from './ldap-reader.ts'
import { PRIORITIES } from './priorities.ts'

const SYNC = 'identity-sync'
const namespace = NAMESPACES.system

/** All that the API server proves by itself. */
export const proofsOf = (room: Pick<Cluster, 'sources'>) => [
  CARRIED,
  ...LOCKS,
  POD_BOUNDS,
  ...CLAIM_PROOFS,
  ...RESERVED,
  ...REMOVALS,
  ...CHANGES,
  ...volumeProofs(room),
]

/** Who is who in the cluster, who may act as whom, and the policies by which the API server checks both. */
export const identity: App = {
  name: 'identity',
  about: 'Who is who, who may be whom, and the proof of both in the API server',
  namespace,
  after: ['namespaces'],
  makes: [{ kind: 'ConfigMap', namespace, name: IDENTITIES_CONFIG_MAP }],
  chart: (scope, cluster) => {
    identityDefinition(scope)
    for (const proof of proofsOf(cluster)) prove(scope, proof)
    claimEverybody(scope)
    readIdentities(scope)
    sync(scope, cluster)
  },
}

/** Controllers make pods from templates whose authors were checked already. */
const CONTROLLERS = [
  'cronjob-controller',
  'daemon-set-controller',
  'deployment-controller',
  'job-controller',
  'replicaset-controller',
  'replication-controller',
  'statefulset-controller',
]

function claimEverybody(scope: Construct): void {
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
        // It has checked the person's password.
        { kind: 'ServiceAccount', name: GATEWAY.service, namespace },
        // It makes no pods, but the claims that they mount.
        { kind: 'ServiceAccount', name: STORAGE.homes, namespace: NAMESPACES.storage },
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
  const ldap = ldapReader(cluster)
  program(scope, {
    name: SYNC,
    namespace,
    // One acts, one waits for its Lease: a dead PC delays a new person by seconds, not minutes.
    workload: { kind: 'Deployment', replicas: 2 },
    priorityClass: PRIORITIES.platform.name,
    rights: {
      cluster: [
        { group: API_GROUP, resources: [IDENTITY.plural], verbs: ['list', 'create', 'patch', 'delete'] },
        { group: API_GROUP, resources: [`${IDENTITY.plural}/status`], verbs: ['patch'] },
      ],
      namespaces: {
        [namespace]: [
          // RBAC cannot name what is about to be created, so creating is allowed by kind alone.
          { group: '', resources: ['configmaps', 'events'], verbs: ['create'] },
          { group: '', resources: ['configmaps'], verbs: ['get', 'update'], names: [IDENTITIES_CONFIG_MAP] },
          { group: '', resources: ['configmaps'], verbs: ['patch'], names: [DIRECTORY_CHECKED.configMap] },
          ...leaseRights(SYNC),
        ],
      },
    },
    egress: [ldap.call],
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('directory/sync/main.js'),
        // The limit is for the first publishing of 10,000 people (510 MiB measured); a small room stays near the request.
        resources: { cpu: '20m', memory: '128Mi', memoryLimit: '1Gi' },
        env: ldap.env,
        ports: { metrics: 9090 },
        volumes: ldap.volumes,
      },
    ],
  })
}
