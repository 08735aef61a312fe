import type { Construct } from 'constructs'
import { imageReference } from '../config/images.ts'
import { AUTHORITY, GLUSTER, LDAP, NAMESPACES, WEBHOOK } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { issued } from './certificates/issued.ts'
import { ONLY_THE_BUNDLE } from './certificates/only-the-bundle.ts'
import type { Right, Rights } from './kit/access.ts'
import { nodeCommand } from './kit/pods.ts'
import { program } from './kit/program.ts'
import { prove } from './kit/proof.ts'
import { PRIORITIES } from './priorities.ts'
import type { Route } from './services/route.ts'

const { system, directory } = NAMESPACES

/** The one program that reads the keys of the cluster's authorities, and signs what the others serve with. */
export const certificates: App = {
  name: 'certificates',
  about: 'Keeps the certificate authorities, and makes and renews what they sign',
  namespace: system,
  after: ['namespaces'],
  makes: [
    { kind: 'ConfigMap', namespace: system, name: AUTHORITY.configMap },
    { kind: 'Secret', namespace: directory, name: LDAP.tlsSecret },
    { kind: 'Secret', namespace: system, name: AUTHORITY.callerSecret },
    { kind: 'Secret', namespace: system, name: AUTHORITY.ingressSecret },
    { kind: 'ConfigMap', namespace: system, name: AUTHORITY.doorRootConfigMap },
  ],
  chart: (scope, cluster, { routes }) => {
    prove(scope, ONLY_THE_BUNDLE)
    keeper(scope, cluster, routes)
    const { issuer } = cluster.certificates
    if (issuer !== undefined) issued(scope, issuer)
  },
}

const SIGNED = [
  AUTHORITY.webhookSecret,
  AUTHORITY.gatewaySecret,
  AUTHORITY.ingressSecret,
  AUTHORITY.callerSecret,
]
const AUTHORITIES = [AUTHORITY.secret, AUTHORITY.doorRootSecret, AUTHORITY.doorSecret]
/** Of these, what people's machines are shown, and who vouches for it: kept whoever vouches inside. */
const DOOR = [
  AUTHORITY.doorRootSecret,
  AUTHORITY.doorSecret,
  AUTHORITY.gatewaySecret,
  AUTHORITY.ingressSecret,
]

/** The names that people type: the room's host, and its address, which stands with its network in the settings. */
const doorNames = ({ hosts: { door, address } }: Cluster): string =>
  [door, ...(address === undefined ? [] : [address.split('/')[0]])].join(',')

// RBAC cannot name what is about to be created; a policy names it (charts/secrets.ts).
const create = (resource: string) => ({ group: '', resources: [resource], verbs: ['create'] })
const keep = (resource: string, names: readonly string[]) => ({
  group: '',
  resources: [resource],
  verbs: ['get', 'update'],
  names,
})

/** Where those who serve are found. */
const SERVERS = { group: 'discovery.k8s.io', resources: ['endpointslices'], verbs: ['list'] }

/** It looks by what they serve: an authority is forgotten when nobody shows its certificates any more. */
const LOOKS = [
  { peer: { namespace: system, program: WEBHOOK.service }, ports: [WEBHOOK.port] },
  { peer: { namespace: directory, program: LDAP.service }, ports: [LDAP.port] },
]

function keeper(scope: Construct, cluster: Cluster, routes: readonly Route[]): void {
  const keepsPool = cluster.storage.kind === 'gluster'
  const keepsInside = cluster.certificates.issuer === undefined
  program(scope, {
    name: AUTHORITY.keeper,
    namespace: system,
    // One is enough: what it made goes on without it, for months.
    workload: { kind: 'Deployment', replicas: 1 },
    priorityClass: PRIORITIES.platform.name,
    rights: joined(keepsInside ? BOTH : DOOR_ALONE, keepsPool ? POOL : {}),
    egress: keepsInside ? LOOKS : [],
    containers: [
      {
        image: imageReference('deskfleet', cluster),
        command: nodeCommand('certificates/keeper/main.js'),
        resources: { cpu: '20m', memory: '160Mi', memoryLimit: '256Mi' },
        env: {
          DESKFLEET_DOOR_NAMES: doorNames(cluster),
          ...(routes.length > 0 ? { DESKFLEET_SERVICE_NAMES: routes.map(({ host }) => host).join(',') } : {}),
          ...(keepsInside ? {} : { DESKFLEET_INSIDE: 'cert-manager' }),
          ...(keepsPool ? { DESKFLEET_POOL: 'keeper' } : {}),
        },
        ports: { metrics: 9090 },
      },
    ],
  })
}

const BOTH: Rights = {
  cluster: [
    {
      group: 'admissionregistration.k8s.io',
      resources: ['mutatingwebhookconfigurations'],
      verbs: ['list', 'watch', 'patch'],
      names: [WEBHOOK.configuration],
    },
  ],
  namespaces: {
    [system]: [
      create('secrets'),
      keep('secrets', [...AUTHORITIES, ...SIGNED]),
      create('configmaps'),
      keep('configmaps', [AUTHORITY.configMap, AUTHORITY.doorRootConfigMap]),
      SERVERS,
      // It tells when a rotation waits for long.
      { group: '', resources: ['events'], verbs: ['create'] },
    ],
    [directory]: [create('secrets'), keep('secrets', [LDAP.tlsSecret]), SERVERS],
  },
}

const DOOR_ALONE: Rights = {
  namespaces: {
    [system]: [
      create('secrets'),
      keep('secrets', DOOR),
      create('configmaps'),
      keep('configmaps', [AUTHORITY.doorRootConfigMap]),
    ],
  },
}

const CERTIFICATES = 'certificates.k8s.io'
const REQUESTS = 'certificatesigningrequests'

/** For the Gluster pool: its authority, and the requests of its PCs, of which the API server lets it sign these alone. */
const POOL: Rights = {
  cluster: [
    // Whose certificates count no more: of PCs that are none of the room.
    { group: '', resources: ['nodes'], verbs: ['list'] },
    { group: CERTIFICATES, resources: [REQUESTS], verbs: ['list', 'watch'] },
    { group: CERTIFICATES, resources: [`${REQUESTS}/approval`, `${REQUESTS}/status`], verbs: ['update'] },
    { group: CERTIFICATES, resources: ['signers'], verbs: ['approve', 'sign'], names: [GLUSTER.signer] },
  ],
  namespaces: {
    [system]: [keep('secrets', [GLUSTER.authority])],
    [NAMESPACES.storage]: [create('configmaps'), keep('configmaps', [GLUSTER.authority])],
  },
}

/** All that either gives. */
function joined(one: Rights, other: Rights): Rights {
  const cluster = [...(one.cluster ?? []), ...(other.cluster ?? [])]
  const namespaces: Record<string, readonly Right[]> = { ...one.namespaces }
  for (const [where, rights] of Object.entries(other.namespaces ?? {}))
    namespaces[where] = [...(namespaces[where] ?? []), ...rights]
  return { ...(cluster.length > 0 ? { cluster } : {}), namespaces }
}
