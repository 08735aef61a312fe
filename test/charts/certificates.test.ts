import type { V1PolicyRule } from '@kubernetes/client-node'
import test from 'ava'
import { parse } from 'yaml'
import { readSettings } from '../../certificates/keeper/settings.ts'
import { compileCluster } from '../../charts/apps.ts'
import { AUTHORITY, GLUSTER, LDAP, NAMESPACES } from '../../config/names.ts'
import { readCluster } from '../../config/read.ts'

const { system, directory } = NAMESPACES

interface Rendered {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Record<string, string>
  }
  readonly rules?: readonly V1PolicyRule[]
}

const PATH = 'storage: { kind: path, path: /srv/homes }\n'

function rendered(settings: string, storage = PATH): Rendered[] {
  const read = readCluster({ name: 'cluster.yaml', text: `domain: room.test\n${storage}${settings}` })
  if (!read.ok) throw new Error(read.findings.map(({ what }) => what).join('\n'))
  const outcome = compileCluster(read.value)
  if (!outcome.ok) throw new Error(outcome.findings.map(({ what }) => what).join('\n'))
  return [...outcome.value.files.values()].map((text) => parse(text))
}

const ISSUED = 'certificates:\n  issuer: room\n'
const ofKind = (all: Rendered[], kind: string) => all.filter((one) => one.kind === kind)
const webhookOf = (all: Rendered[]) => ofKind(all, 'MutatingWebhookConfiguration')[0]
const rolesOfKeeper = (all: Rendered[]) =>
  all.filter(
    ({ kind, metadata }) =>
      /Role$/.test(kind) && metadata.name.replace('deskfleet-', '') === AUTHORITY.keeper,
  )

test('by itself the room vouches for itself: nothing is asked of cert-manager', (t) => {
  const all = rendered('')
  t.deepEqual(ofKind(all, 'Certificate'), [])
  t.is(webhookOf(all)?.metadata.annotations, undefined)
  t.is(rolesOfKeeper(all).length, 3)
})

test('with an issuer, cert-manager is asked for what is inside, and the keeper keeps the door alone', (t) => {
  const all = rendered(ISSUED)
  t.deepEqual(
    ofKind(all, 'Certificate')
      .map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)
      .sort(),
    [
      `${directory}/${LDAP.tlsSecret}`,
      `${system}/${AUTHORITY.callerSecret}`,
      `${system}/${AUTHORITY.webhookSecret}`,
    ],
  )
  t.is(webhookOf(all)?.metadata.annotations?.['cert-manager.io/inject-ca-from'], `${system}/webhook-tls`)
  const roles = rolesOfKeeper(all)
  t.deepEqual(
    roles.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`),
    [`Role ${system}`],
  )
  const named = JSON.stringify(roles)
  for (const name of [AUTHORITY.secret, AUTHORITY.webhookSecret, AUTHORITY.callerSecret, LDAP.tlsSecret])
    t.false(named.includes(`"${name}"`), name)
  t.true(named.includes(`"${AUTHORITY.doorRootSecret}"`))
})

test('whoever reads LDAP gets the authority of cert-manager’s Secret, and no key', (t) => {
  const pods = JSON.stringify(
    rendered(ISSUED).filter(({ metadata }) => ['identity-sync', 'gateway'].includes(metadata.name)),
  )
  t.false(pods.includes(`"configMap":{"name":"${AUTHORITY.configMap}"`))
  const mounted = [...pods.matchAll(/"secret":(\{[^}]*\}[^}]*\})/g)].filter(([text]) =>
    text.includes(AUTHORITY.callerSecret),
  )
  t.is(mounted.length, 2)
  for (const [text] of mounted) t.regex(text, /"items":\[\{"key":"ca.crt","path":"ca.crt"\}\]/)
})

test('for a Gluster pool the keeper signs for that signer alone, whoever vouches inside; else it may answer no request', (t) => {
  const aboutRequests = (settings: string, storage: string) =>
    rolesOfKeeper(rendered(settings, storage))
      .flatMap(({ rules }) => rules ?? [])
      .filter(({ apiGroups }) => apiGroups?.includes('certificates.k8s.io'))
  for (const settings of ['', ISSUED]) {
    t.deepEqual(aboutRequests(settings, PATH), [])
    const pool = aboutRequests(settings, 'storage: { kind: gluster }\n')
    t.deepEqual(
      pool.filter(({ resources }) => resources?.includes('signers')),
      [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['signers'],
          verbs: ['approve', 'sign'],
          resourceNames: [GLUSTER.signer],
        },
      ],
    )
    t.false(JSON.stringify(pool).includes('create'))
  }
})

test('the keeper’s program is told what its rights are for', (t) => {
  for (const [settings, storage, told] of [
    ['', PATH, { keepsInside: true, keepsPool: false }],
    [ISSUED, PATH, { keepsInside: false, keepsPool: false }],
    ['', '', { keepsInside: true, keepsPool: true }],
    [ISSUED, '', { keepsInside: false, keepsPool: true }],
  ] as const) {
    const keeper = rendered(settings, storage).find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === AUTHORITY.keeper,
    ) as unknown as {
      spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } }
    }
    const env = keeper.spec.template.spec.containers[0]?.env ?? []
    const read = readSettings(Object.fromEntries(env.map(({ name, value }) => [name, value])))
    t.like(read, { settings: told })
  }
})
