import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AuthorizationV1Api, CoreV1Api, KubeConfig, type V1ResourceRule } from '@kubernetes/client-node'
import test from 'ava'
import { parse } from 'yaml'
import { desktopName, GATEWAY, NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { administrator, must, type OwnLab, ownLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'

/**
 * What each account of `dist/` may do that could make it another account, or an administrator: asked of the API server
 * itself, as that account. Whatever is not in the table below is one right too many.
 */

/** An own lab, with what a room has that has storage and a door: every account there can be. */
let own: OwnLab
let lab: BareLab
let accounts: { readonly namespace: string; readonly name: string }[]
test.before(async () => {
  own = await ownLab()
  lab = own.lab
  const dist = join(lab.dir, 'dist')
  renderWith(
    JSON.stringify({
      ldap: { replicas: 3, disk: 'pc' },
      // With all accounts that storage has anywhere.
      storage: { kind: 'gluster', from: { kind: 'path', path: '/srv/homes' } },
      hosts: { address: '192.0.2.10/24' },
      masters: {
        copies: { recipients: ['age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg'] },
      },
    }),
    dist,
  )
  const complaints = await applyFolder(lab, dist)
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  accounts = globSync('**/*.yaml', { cwd: dist })
    .map((path) => parse(readFileSync(join(dist, path), 'utf8')))
    .filter(({ kind }) => kind === 'ServiceAccount')
    .map(({ metadata }) => metadata)
  // The API server asks policies a moment after it has taken them.
  const kubeconfig = await lab.actAs(NAMESPACES.system, GATEWAY.service)
  const secret = ['create', 'secret', 'generic', 'x', '-n', NAMESPACES.desktops, '--dry-run=server']
  await eventually('the policies act', async () =>
    (await lab.run(secret, { kubeconfig })).stderr.includes('may not write the Secret'),
  )
})
test.after.always(() => own?.end())

const WORKLOADS = [
  ...[
    'pods',
    'replicationcontrollers',
    'podtemplates',
    'deployments',
    'daemonsets',
    'statefulsets',
    'replicasets',
  ],
  ...['jobs', 'cronjobs'],
]
/** Taking away what refuses or judges leads as far as writing it. */
const WRITING = ['create', 'update', 'patch', 'delete', 'deletecollection', '*']

/** Resources that lead further when one may write them. */
const WRITTEN = [
  ...WORKLOADS,
  ...['secrets', 'serviceaccounts', 'serviceaccounts/token', 'namespaces', 'nodes', 'persistentvolumes'],
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  ...['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
  ...['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
  ...['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'],
  ...[
    'customresourcedefinitions',
    'apiservices',
    'certificatesigningrequests',
    'certificatesigningrequests/approval',
  ],
  ...['certificatesigningrequests/status', 'pods/status', 'pods/binding', 'pods/ephemeralcontainers'],
  ...['glustervolumes', 'glustervolumes/status', 'glusterbricks', 'glusterbricks/status'],
  ...['homeplaces', 'storagemoves', 'storagemoves/status'],
  ...['controlplaneguards', 'controlplaneguards/status', 'pods/eviction'],
  ...['identities', 'configmaps', 'storageclasses', 'volumeattachments', 'runtimeclasses', 'priorityclasses'],
  ...[
    'flowschemas',
    'prioritylevelconfigurations',
    'resourceclaims',
    'deviceclasses',
    'csidrivers',
    'endpointslices',
  ],
]
/** Resources by which one comes into a pod or a PC, whatever the verb. */
const ENTERED = [
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'nodes/proxy',
  'services/proxy',
]
const ALWAYS = ['impersonate', 'bind', 'escalate', 'approve', 'sign', 'attest', '*']

function escalates(verb: string, resource: string): boolean {
  if (ALWAYS.includes(verb) || resource === '*' || ENTERED.includes(resource)) return true
  if (resource === 'secrets') return true
  return WRITING.includes(verb) && WRITTEN.includes(resource)
}

function dangerous({ verbs, resources = [], resourceNames = [] }: V1ResourceRule): string[] {
  const names = resourceNames.length > 0 ? resourceNames : ['any']
  return resources.flatMap((resource) =>
    verbs
      .filter((verb) => escalates(verb, resource))
      .flatMap((verb) => names.map((name) => `${verb} ${resource} ${name}`)),
  )
}

/** What an account may do in each of the namespaces; rights of the whole cluster are those that it has everywhere. */
async function rightsOf(account: { namespace: string; name: string }): Promise<string[]> {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(await lab.actAs(account.namespace, account.name))
  const api = kubeConfig.makeApiClient(AuthorizationV1Api)
  const within = async (namespace: string) => {
    const { status } = await api.createSelfSubjectRulesReview({ body: { spec: { namespace } } })
    return new Set(status?.resourceRules.flatMap(dangerous))
  }
  const everywhere = await within('default')
  const apart = await Promise.all(
    [...Object.values(NAMESPACES), 'kube-node-lease', 'kube-system'].map(async (namespace) =>
      [...(await within(namespace))]
        .filter((right) => !everywhere.has(right))
        .map((right) => `${namespace}: ${right}`),
    ),
  )
  return [...[...everywhere].map((right) => `cluster: ${right}`), ...apart.flat()].sort()
}

const secrets = (namespace: string, verbs: readonly string[], names: readonly string[], why: string) =>
  Object.fromEntries(
    names.flatMap((name) => verbs.map((verb) => [`${namespace}: ${verb} secrets ${name}`, why])),
  )

const { system, directory, storage, crown, desktops } = NAMESPACES
const BY_NAME = 'RBAC cannot name what is created; the policy deskfleet-written-secrets does'

/** By account: the right, and why it may be there. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'certificate-keeper': {
    'cluster: patch mutatingwebhookconfigurations deskfleet-identity':
      'caBundle alone: deskfleet-only-the-bundle',
    [`${system}: create configmaps any`]: 'publishes the certificates of authorities',
    ...Object.fromEntries(
      ['certificate-authority', 'door-root'].map((name) => [
        `${system}: update configmaps ${name}`,
        'the same',
      ]),
    ),
    ...secrets(system, ['create'], ['any'], BY_NAME),
    ...secrets(
      system,
      ['get', 'update'],
      [
        ...['certificate-authority', 'door-root', 'door-authority'],
        ...['webhook-tls', 'gateway-tls', 'gateway-caller', 'ingress-tls'],
      ],
      'it keeps them',
    ),
    ...secrets(directory, ['create'], ['any'], BY_NAME),
    ...secrets(directory, ['get', 'update'], ['ldap-tls'], 'it keeps it'),
    // With Gluster.
    ...Object.fromEntries(
      ['approval', 'status'].map((part) => [
        `cluster: update certificatesigningrequests/${part} any`,
        'RBAC cannot name requests; the API server lets it answer those of signers that it may sign for',
      ]),
    ),
    ...Object.fromEntries(
      ['approve', 'sign'].map((verb) => [
        `cluster: ${verb} signers deskfleet.io/gluster`,
        'it vouches for PCs in the Gluster pool, and nobody else believes that authority',
      ]),
    ),
    [`${storage}: create configmaps any`]: 'publishes the certificate of the pool’s authority',
    [`${storage}: update configmaps gluster-authority`]: 'the same',
    ...secrets(system, ['get', 'update'], ['gluster-authority'], 'it keeps it'),
  },
  'make-secrets': {
    [`${system}: create configmaps any`]:
      'makes the lists of ended sessions and of failed logins, for the gateway to fill',
    ...secrets(system, ['create'], ['any'], BY_NAME),
    ...secrets(system, ['get'], ['ldap-reader', 'gateway-sessions'], 'it looks whether they are there'),
    ...secrets(directory, ['create'], ['any'], BY_NAME),
    ...secrets(
      directory,
      ['get'],
      ['ldap-admin', 'ldap-reader', 'ldap-replica'],
      'the same; one is the copy of another',
    ),
  },
  ldap: {
    [`${directory}: create endpointslices any`]: 'RBAC cannot name what is about to be created',
    [`${directory}: patch endpointslices ldap-rw`]: 'it shows which of the servers takes writes',
  },
  'ldap-disks': {
    ...Object.fromEntries(
      ['create', 'delete'].map((verb) => [
        `cluster: ${verb} persistentvolumes any`,
        'folders of LDAP servers are volumes; where they lead, deskfleet-volumes-of-ldap judges',
      ]),
    ),
    ...Object.fromEntries(
      ['ldap-0', 'ldap-1', 'ldap-2'].map((name) => [
        `${directory}: delete pods ${name}`,
        'a server whose PC does not come back begins anew elsewhere',
      ]),
    ),
  },
  gateway: {
    ...Object.fromEntries(
      ['create', 'update', 'patch'].map((verb) => [
        `${desktops}: ${verb} deployments any`,
        'it starts desktops; as whom, the claim policies judge',
      ]),
    ),
    ...secrets(desktops, ['get', 'create', 'patch'], ['any'], 'a desktop’s certificate and token'),
    ...Object.fromEntries(
      ['update', 'patch'].map((verb) => [
        `${system}: ${verb} configmaps gateway-revoked`,
        'sessions that ended early',
      ]),
    ),
    [`${system}: patch configmaps gateway-failures`]: 'logins that failed, which all replicas count',
    [`${system}: patch configmaps locked-people`]:
      'its administrators lock people; deskfleet-locked-people-kept lets it open no account',
    ...secrets(
      system,
      ['get', 'list', 'watch'],
      ['gateway-tls', 'gateway-certificate'],
      'what it serves with',
    ),
    ...secrets(system, ['get', 'list', 'watch'], ['gateway-caller'], 'what it is known by to desktops'),
    ...secrets(system, ['get', 'list', 'watch', 'update'], ['gateway-sessions'], 'the keys of sessions'),
  },
  webhook: secrets(system, ['get', 'list', 'watch'], ['webhook-tls'], 'what it serves with'),
  'identity-sync': {
    ...Object.fromEntries(
      ['create', 'patch', 'delete'].map((verb) => [`cluster: ${verb} identities any`, 'it says who is who']),
    ),
    [`${system}: create configmaps any`]: 'publishes identities',
    [`${system}: update configmaps identities`]: 'the same',
    [`${system}: patch configmaps directory-checked`]: 'it tells when it last read everybody',
  },
  homes: {
    ...Object.fromEntries(
      ['create', 'patch', 'delete'].map((verb) => [
        `cluster: ${verb} persistentvolumes any`,
        'homes are volumes; where they lead, deskfleet-volumes-of-homes judges',
      ]),
    ),
    [`${storage}: create homeplaces any`]: 'while homes are moved: where a new one lies',
  },
  'home-mounter': {
    'cluster: create certificatesigningrequests any':
      'its PC is vouched for in the Gluster pool; for this account no other signer signs',
  },
  'home-mover': {
    [`${storage}: create storagemoves any`]: 'it says how far the move is',
    [`${storage}: delete homeplaces any`]: 'of a home that is gone',
    [`${storage}: patch storagemoves/status any`]: 'how far the move is',
    [`${storage}: update homeplaces any`]: 'it says where each home lies',
  },
  orchestrator: {
    'cluster: patch nodes any':
      'it closes and opens them, and makes workers of masters; deskfleet-nodes-by-the-orchestrator lets it nothing else',
    'cluster: delete nodes any': 'of a master that died; RBAC cannot say which',
    'cluster: create pods/eviction any': 'it empties a PC before it is rebooted; budgets are kept',
    'cluster: patch controlplaneguards default': 'it takes an order away that was carried out',
    'cluster: update controlplaneguards/status default': 'what it remembers',
    ...Object.fromEntries(
      ['create', 'delete'].map((verb) => [
        `${crown}: ${verb} jobs any`,
        'node jobs, and copies of etcd; of what shape, deskfleet-node-jobs and deskfleet-copies-asked-for say',
      ]),
    ),
    ...secrets(
      crown,
      ['list', 'create', 'delete'],
      ['any'],
      'plans of its operations, which lie there alone',
    ),
    ...secrets('kube-system', ['get'], ['kubeadm-certs'], 'encrypted; whether it is there'),
    ...secrets(
      'kube-system',
      ['create', 'delete'],
      ['any'],
      'RBAC cannot name tokens; deskfleet-secrets-to-join-by does',
    ),
  },
  'etcd-backup': {
    [`${crown}: create configmaps any`]: 'RBAC cannot name what is created',
    [`${crown}: update configmaps etcd-copies`]: 'it says which copy was proven last',
    [`${crown}: create jobs any`]: 'by which PCs fetch copies; of what shape, deskfleet-copies-carried says',
  },
  'gluster-server': {
    [`${storage}: update glustervolumes/status any`]:
      'the agents’ memory: who is shut out, and what was begun',
    [`${storage}: create glusterbricks any`]: 'each tells of its own PC',
    [`${storage}: update glusterbricks/status any`]: 'the same',
  },
}

test('no account of ours may do more that leads further than what is known, and why', async (t) => {
  t.true(accounts.length > 8)
  const found = await Promise.all(
    accounts.map(async (account) => [account.name, await rightsOf(account)] as const),
  )
  t.deepEqual(
    Object.fromEntries(found.filter(([, rights]) => rights.length > 0)),
    Object.fromEntries(
      Object.entries(KNOWN).map(([account, rights]) => [account, Object.keys(rights).sort()]),
    ),
  )
})

test('no account of ours writes a Secret that Kubernetes fills with somebody’s token, or one of others', async (t) => {
  const administrators = administrator(lab).makeApiClient(CoreV1Api)
  for (const { account, namespace, name } of [
    { account: 'gateway', namespace: NAMESPACES.desktops, name: desktopName('escalation') },
    { account: 'certificate-keeper', namespace: NAMESPACES.system, name: 'webhook-tls-2' },
    { account: 'make-secrets', namespace: NAMESPACES.directory, name: 'another' },
  ]) {
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromFile(await lab.actAs(NAMESPACES.system, account))
    const api = kubeConfig.makeApiClient(CoreV1Api)
    const token = {
      metadata: { name, annotations: { 'kubernetes.io/service-account.name': 'default' } },
      type: 'kubernetes.io/service-account-token',
    }
    await t.throwsAsync(api.createNamespacedSecret({ namespace, body: token }), { message: /of type Opaque/ })
    const other = { metadata: { name: 'somebody-elses' }, type: 'Opaque' }
    await t.throwsAsync(api.createNamespacedSecret({ namespace, body: other }), {
      message: /may not write the Secret/,
    })
    const bootstrap = { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token' }
    await t.throwsAsync(api.createNamespacedSecret({ namespace, body: bootstrap }), {
      message: /of type Opaque/,
    })
    const generated = { metadata: { generateName: 'x-' }, type: 'Opaque' }
    await t.throwsAsync(api.createNamespacedSecret({ namespace, body: generated }), {
      message: /may not write/,
    })
  }
  const mine = { metadata: { name: desktopName('escalation') }, type: 'Opaque' }
  const place = { namespace: NAMESPACES.desktops, name: mine.metadata.name }
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(await lab.actAs(NAMESPACES.system, GATEWAY.service))
  await t.notThrowsAsync(kubeConfig.makeApiClient(CoreV1Api).createNamespacedSecret({ ...place, body: mine }))
  await administrators.deleteNamespacedSecret(place)
})

test('the webhook’s account neither reads an authority’s key nor changes its own configuration', async (t) => {
  const kubeconfig = await lab.actAs(NAMESPACES.system, 'webhook')
  const may = async (...what: string[]) =>
    (await lab.run(['auth', 'can-i', ...what, '-n', NAMESPACES.system], { kubeconfig })).stdout.trim()
  for (const secret of [
    'certificate-authority',
    'door-root',
    'door-authority',
    'gateway-tls',
    'gateway-caller',
  ])
    t.is(await may('get', `secrets/${secret}`), 'no', secret)
  t.is(await may('get', 'secrets/webhook-tls'), 'yes')
  t.is(await may('patch', 'mutatingwebhookconfigurations/deskfleet-identity'), 'no')
  await must(lab, ['get', 'mutatingwebhookconfiguration', 'deskfleet-identity'])
})
