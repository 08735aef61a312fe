import test from 'ava'
import { parse } from 'yaml'
import { readSettings as ofKeeper } from '../../certificates/keeper/settings.ts'
import { compileCluster } from '../../charts/apps.ts'
import { readCluster } from '../../config/read.ts'
import { readSettings as ofCopies } from '../../directory/copies/settings.ts'
import { readSettings as ofReplica } from '../../directory/replica/settings.ts'
import { readSettings as ofSync } from '../../directory/sync/settings.ts'
import { readSettings as ofGateway } from '../../gateway/settings.ts'
import { readSettings as ofEtcdBackup } from '../../orchestrator/backup/settings.ts'
import { readSettings as ofOrchestrator } from '../../orchestrator/settings.ts'
import { readSettings as ofPacketFilter } from '../../packet-filter/settings.ts'
import type { Environment, Read } from '../../service/settings.ts'
import { readSettings as ofHomes } from '../../storage/homes/settings.ts'
import { readSettings as ofMounter } from '../../storage/mounter/settings.ts'
import { readSettings as ofMover } from '../../storage/move/settings.ts'
import { readSettings as ofWebhook } from '../../webhook/settings.ts'

/** What the charts tell each program is what that program reads: the manifests on one side, settings.ts on the other. */

const PROGRAMS: Readonly<Record<string, (environment: Environment) => Read<object>>> = {
  'directory/sync/main.js': ofSync,
  'directory/replica/main.js': ofReplica,
  'directory/copies/main.js': ofCopies,
  'gateway/main.js': ofGateway,
  'orchestrator/backup/main.js': ofEtcdBackup,
  'orchestrator/main.js': ofOrchestrator,
  'packet-filter/main.js': ofPacketFilter,
  'storage/homes/main.js': ofHomes,
  'storage/mounter/main.js': ofMounter,
  'storage/move/main.js': ofMover,
  'certificates/keeper/main.js': ofKeeper,
  'webhook/main.js': ofWebhook,
}

interface Container {
  readonly command?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

const compile = (storage: string) => {
  const text = [
    'domain: room.test',
    'ldap: { replicas: 3, copies: { recipients: [age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg] } }',
    'masters: { copies: { recipients: [age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg] } }',
    'hosts: { address: 192.0.2.10/24 }',
    `storage: ${storage}`,
    'admission: { caller: kube-apiserver-kubelet-client }',
  ].join('\n')
  const read = readCluster({ name: 'cluster.yaml', text })
  if (!read.ok) throw new Error(read.findings.map(({ what }) => what).join('\n'))
  const outcome = compileCluster(read.value)
  if (!outcome.ok) throw new Error(outcome.findings.map(({ what }) => what).join('\n'))
  return outcome.value
}

const containers: readonly Container[] = [
  '{ kind: path, path: /srv/homes }',
  // The mover is there only while homes are moved.
  '{ kind: gluster, from: { kind: path, path: /srv/homes } }',
]
  .flatMap((storage) => [...compile(storage).files.values()])
  .flatMap((text) => {
    const { spec } = parse(text)
    const template = spec?.jobTemplate?.spec?.template ?? spec?.template
    return template?.spec?.containers ?? []
  })
const containerOf = (program: string): Container | undefined =>
  containers.find(({ command }) => command?.includes(program))

for (const [program, readSettings] of Object.entries(PROGRAMS)) {
  test(`${program} reads all that its chart tells it, and misses nothing`, (t) => {
    const container = containerOf(program)
    if (container === undefined) return t.fail(`no container runs ${program}`)
    // What only a node knows, such as its name, comes by a field of the pod.
    const environment = Object.fromEntries(
      (container.env ?? []).map(({ name, value }) => [name, value ?? 'pc-1']),
    )
    const read = readSettings(environment)
    t.true('settings' in read, 'faults' in read ? read.faults.join('\n') : '')
  })
}

const GATEWAY: Environment = Object.fromEntries(
  (containerOf('gateway/main.js')?.env ?? []).map(({ name, value }) => [name, value]),
)

test('every variable that a program cannot do without is told when it is missing', (t) => {
  const read = ofGateway({})
  if (!('faults' in read)) return t.fail('was read')
  const missing = read.faults.map((fault) => fault.split(' ')[0])
  for (const name of [
    'DESKFLEET_HOSTS',
    'DESKFLEET_OFFER_FILE',
    'DESKFLEET_LDAP_URL',
    'DESKFLEET_LDAP_PASSWORD_FILE',
  ])
    t.true(missing.includes(name), name)
  t.true(read.faults.every((fault) => fault.includes('is missing; the pod has to set it')))
})

test('the webhook is told who alone may call it, and by which authority it knows them', (t) => {
  const env = containerOf('webhook/main.js')?.env ?? []
  const read = ofWebhook(Object.fromEntries(env.map(({ name, value }) => [name, value])))
  if ('faults' in read) return t.fail(read.faults.join('\n'))
  t.deepEqual(read.settings.callers, {
    commonName: 'kube-apiserver-kubelet-client',
    authorityFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
  })
  const anybody = ofWebhook({})
  t.is('settings' in anybody ? anybody.settings.callers : null, undefined)
})

test('the gateway believes PROXY headers of its networks alone', (t) => {
  const read = ofGateway({ ...GATEWAY, DESKFLEET_PROXY_FROM: '10.1.0.0/16, 10.2.0.9, fd00::/8' })
  if ('faults' in read) return t.fail(read.faults.join())
  const { believed } = read.settings
  t.deepEqual(
    ['10.1.255.1', '10.2.0.9', '10.2.0.10', '192.168.0.1'].map((address) => believed.check(address)),
    [true, true, false, false],
  )
  t.true(believed.check('fd00::1', 'ipv6'))
})

for (const [name, value] of [
  ['DESKFLEET_PROXY_FROM', '10.1.0.0/33'],
  ['DESKFLEET_HOSTS', 'a b'],
  ['DESKFLEET_HOSTS', ' , '],
  ['DESKFLEET_LISTEN', 'localhost'],
  ['DESKFLEET_STARTING_AT_ONCE', '0'],
  ['DESKFLEET_ASK_SECONDS', '61'],
  ['DESKFLEET_LOG_LEVEL', 'loud'],
  ['DESKFLEET_METRICS_LISTEN', '1.2.3.4:70000'],
] as const) {
  test(`a gateway with ${name}=${value} is told so, and nothing else`, (t) => {
    const read = ofGateway({ ...GATEWAY, [name]: value })
    t.deepEqual('faults' in read && read.faults.map((fault) => fault.split(' ')[0]), [name])
  })
}

test('seconds of the environment are milliseconds in the program', (t) => {
  const gateway = ofGateway({ ...GATEWAY, DESKFLEET_ASK_SECONDS: '2', DESKFLEET_LONGEST_UPLOAD_MIB: '1' })
  t.like('settings' in gateway && gateway.settings, { askEvery: 2_000, longestUpload: 2 ** 20 })
  t.like('settings' in ofHomes({}) && (ofHomes({}) as { settings: object }).settings, { trashAfter: 600_000 })
  t.true('faults' in ofHomes({ DESKFLEET_STORAGE: 'relative' }))
})
