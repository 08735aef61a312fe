import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import {
  AuthorizationV1Api,
  CertificatesV1Api,
  CoreV1Api,
  KubeConfig,
  type V1CertificateSigningRequest,
  type V1ResourceAttributes,
} from '@kubernetes/client-node'
import * as x509 from '@peculiar/x509'
import test from 'ava'
import { App, Chart } from 'cdk8s'
import { pino } from 'pino'
import { startKeeper } from '../../../certificates/keeper/service.ts'
import { newMemberKey, requestFor } from '../../../certificates/member.ts'
import { listsIn, revokedBy, serialOf } from '../../../certificates/revocation.ts'
import { account } from '../../../charts/kit/access.ts'
import { POOL_MEMBER } from '../../../charts/storage/pool-member.ts'
import { AUTHORITY, GLUSTER, NAMESPACES, STORAGE } from '../../../config/names.ts'
import { applyFolder } from '../../../lab/manifests/apply.ts'
import { systemClock } from '../../../service/clock.ts'
import { openService } from '../../../service/service.ts'
import { keepCertificate, type Standing } from '../../../storage/certificate/keep.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { ROOM_IMAGE } from '../../harness/platform.ts'
import { type OwnProgram, ownProgram } from '../../harness/program-context.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'
import { eventually } from '../../harness/wait.ts'

/**
 * The whole way, with the real API server: it records by what token a request was made, and for which pod of which PC it
 * gave that token. Keeper and mounter act as their own accounts, with the rights that are rendered for them.
 */

const root = join(import.meta.dirname, '..', '..', '..')
const { system, storage } = NAMESPACES
const USAGES = ['digital signature', 'server auth', 'client auth']

let own: OwnLab
let core: CoreV1Api
let requests: CertificatesV1Api
const keepers: { program: OwnProgram<object>; running: Promise<void> }[] = []
const logged: string[] = []

test.before(async (t) => {
  t.timeout(120_000)
  own = await ownLab()
  core = own.kubeConfig.makeApiClient(CoreV1Api)
  requests = own.kubeConfig.makeApiClient(CertificatesV1Api)
  for (const app of ['namespaces', 'secrets', 'certificates']) {
    const complaints = await applyFolder(own.lab, join(root, 'dist', app))
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  }
  // The account of its chart to come, and one more that may ask as well.
  const chart = new Chart(new App(), 'accounts')
  for (const name of [STORAGE.mounter, 'another']) account(chart, name, storage, POOL_MEMBER)
  await must(own.lab, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: chart.toJson() })
  for (const node of ['pc-1', 'pc-2']) {
    await core.createNode({ body: { metadata: { name: node } } })
    for (const name of [STORAGE.mounter, 'another'])
      await core.createNamespacedPod({
        namespace: storage,
        body: {
          metadata: { name: `${name}-${node}` },
          spec: { nodeName: node, serviceAccountName: name, containers: [{ name: 'it', image: ROOM_IMAGE }] },
        },
      })
  }
  // Two: what one does must not spoil what the other does.
  for (const one of ['one', 'other']) await startKeeperAs(one)
})
test.after.always(async () => {
  for (const { program, running } of keepers) {
    await program.end()
    await running
  }
  await own?.end()
})

async function startKeeperAs(me: string): Promise<void> {
  const account = new KubeConfig()
  account.loadFromFile(await own.lab.actAs(system, AUTHORITY.keeper))
  const settings = {
    metricsListen: { host: '127.0.0.1', port: 0 },
    doorNames: ['desk.room.example.org'],
    serviceNames: [],
    webhookNames: [],
    keepsInside: false,
    keepsPool: true,
    look: 1_000,
    rotation: { soak: 600_000, settle: 600_000 },
  }
  const program = ownProgram(settings, pino({}, { write: (line: string) => void logged.push(line) }), me)
  const running = startKeeper(await openService(program.context), account)
  keepers.push({ program, running })
}

/** Calls the API with a token of that account; with one for a pod of that PC, if it is named. */
async function callerOf(name: string, node?: string): Promise<KubeConfig> {
  const bound = node === undefined ? [] : ['--bound-object-kind=Pod', `--bound-object-name=${name}-${node}`]
  const token = (await must(own.lab, ['create', 'token', name, '-n', storage, ...bound])).trim()
  const cluster = own.kubeConfig.getCurrentCluster()
  if (!cluster) throw new Error('the lab has no cluster')
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromOptions({
    clusters: [cluster],
    users: [{ name, token }],
    contexts: [{ name, user: name, cluster: cluster.name }],
    currentContext: name,
  })
  return kubeConfig
}

let made = 0
/** Asks by hand; resolves with the request once it is answered. */
async function ask(
  caller: KubeConfig,
  request: string,
  usages = USAGES,
  signerName: string = GLUSTER.signer,
): Promise<V1CertificateSigningRequest> {
  const name = `asked-${++made}`
  const spec = { signerName, usages, request: Buffer.from(request).toString('base64') }
  await caller
    .makeApiClient(CertificatesV1Api)
    .createCertificateSigningRequest({ body: { metadata: { name }, spec } })
  return await answered(name)
}

async function answered(name: string): Promise<V1CertificateSigningRequest> {
  let found: V1CertificateSigningRequest | undefined
  await eventually(`the request ${name} is answered`, async () => {
    found = await requests.readCertificateSigningRequest({ name })
    const { conditions = [], certificate } = found.status ?? {}
    return certificate !== undefined || conditions.some(({ type }) => type !== 'Approved')
  })
  return found ?? Promise.reject(new Error('it is gone'))
}

const refusal = ({ status }: V1CertificateSigningRequest) => ({
  certificate: status?.certificate,
  answers: (status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`),
})
const denied = (reason: string) => ({ certificate: undefined, answers: [`Denied ${reason}`] })

/** A PC's mounter, as far as its certificate goes. */
async function pc(node: string, directory: string, cluster?: KubeConfig) {
  const stopping = new AbortController()
  const looks: Standing[] = []
  const failures: unknown[] = []
  const caller = cluster ?? (await callerOf(STORAGE.mounter, node))
  const listener = {
    looked: (standing: Standing) => void looks.push(standing),
    laid: () => {},
    failed: (error: unknown) => void failures.push(error),
  }
  const rhythm = { idle: 100, soon: 100, next: 10 }
  const running = keepCertificate(
    { directory, node, cluster: caller, clock: systemClock, listener, rhythm },
    stopping.signal,
  )
  return {
    failures,
    last: () => looks.at(-1),
    settled: () =>
      eventually(`${node} has its certificate`, async () => {
        const last = looks.at(-1)
        return last?.usable === true && last.waitsFor === undefined
      }),
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function filesIn(directory: string) {
  const [key, cert, ca] = await Promise.all(
    ['glusterfs.key', 'glusterfs.pem', 'glusterfs.ca'].map((name) => readFile(join(directory, name), 'utf8')),
  )
  return { key: key ?? '', cert: cert ?? '', ca: ca ?? '' }
}

test.serial(
  'each PC gets its certificate, and two PCs know each other by them at both ends of TLS',
  async (t) => {
    const folders = { 'pc-1': temporaryFolder(), 'pc-2': temporaryFolder() }
    const pcs = await Promise.all(Object.entries(folders).map(([node, folder]) => pc(node, folder)))
    await Promise.all(pcs.map((one) => one.settled()))
    await Promise.all(pcs.map((one) => one.stop()))
    t.deepEqual(
      pcs.flatMap(({ failures }) => failures),
      [],
    )
    for (const folder of Object.values(folders))
      t.deepEqual((await readdir(folder)).sort(), ['glusterfs.ca', 'glusterfs.key', 'glusterfs.pem'])
    const [one, other] = [await filesIn(folders['pc-1']), await filesIn(folders['pc-2'])]
    const certificate = new X509Certificate(one.cert)
    t.is(certificate.subject, 'CN=pc-1')
    t.is(certificate.subjectAltName, 'DNS:pc-1')
    const years = (certificate.validToDate.getTime() - Date.now()) / (365 * 24 * 60 * 60 * 1_000)
    t.true(years > 1.99 && years <= 2, String(years))
    const authority = new X509Certificate(one.ca)
    t.true(authority.checkIssued(authority), 'signed by itself')
    const authorityYears = (authority.validToDate.getTime() - Date.now()) / (365 * 24 * 60 * 60 * 1_000)
    t.true(authorityYears > 9.99 && authorityYears <= 10, String(authorityYears))
    const told = await core.readNamespacedConfigMap({ namespace: storage, name: GLUSTER.authority })
    t.is(one.ca, `${told.data?.['ca.crt']}${told.data?.['ca.crl']}`)
    t.is(other.ca, one.ca)

    const server = createServer({ ...one, requestCert: true, rejectUnauthorized: true })
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    const seen = once(server, 'secureConnection')
    const { port } = server.address() as AddressInfo
    const socket = connect({ ...other, host: '127.0.0.1', port, servername: 'pc-1' })
    await once(socket, 'secureConnect')
    const [caller] = await seen
    t.is(caller.getPeerCertificate().subject.CN, 'pc-2')
    socket.destroy()
  },
)

test.serial('no key leaves its PC: neither in a request nor in a log', async (t) => {
  const folder = temporaryFolder()
  const one = await pc('pc-1', folder)
  await one.settled()
  await one.stop()
  const { key } = await filesIn(folder)
  const inside = key.split('\n')[1] ?? ''
  t.true(inside.length > 40)
  const { items } = await requests.listCertificateSigningRequest()
  t.true(items.length > 2)
  const sent = items.map(({ spec }) => Buffer.from(spec.request, 'base64').toString('latin1')).join('')
  const { data } = await core.readNamespacedSecret({ namespace: system, name: GLUSTER.authority })
  const authority =
    Buffer.from(data?.['tls.key'] ?? '', 'base64')
      .toString()
      .split('\n')[1] ?? 'absent'
  for (const text of [sent, logged.join('')]) {
    t.false(text.includes(inside))
    t.false(text.includes(authority))
  }
})

test.serial('whoever holds one PC asks in vain for another one', async (t) => {
  const request = await requestFor(await newMemberKey(), 'pc-1')
  const stranger = await ask(await callerOf(STORAGE.mounter, 'pc-2'), request)
  t.deepEqual(stranger.spec.extra?.['authentication.kubernetes.io/node-name'], ['pc-2'])
  t.deepEqual(refusal(stranger), denied('AnotherPC'))
  // What it writes of itself is not what the API server records.
  const caller = (await callerOf(STORAGE.mounter, 'pc-2')).makeApiClient(CertificatesV1Api)
  const spec = {
    signerName: GLUSTER.signer,
    usages: USAGES,
    request: Buffer.from(request).toString('base64'),
    username: `system:serviceaccount:${storage}:${STORAGE.mounter}`,
    extra: { 'authentication.kubernetes.io/node-name': ['pc-1'] },
  }
  await caller.createCertificateSigningRequest({ body: { metadata: { name: 'pretends' }, spec } })
  t.deepEqual(refusal(await answered('pretends')), denied('AnotherPC'))
  t.false(logged.join('').includes('gave a PC its certificate in the Gluster pool","request":"pretends'))
})

test.serial(
  'a PC that left: what it had counts no more, and it gets another one when it joins again',
  async (t) => {
    const folder = temporaryFolder()
    const before = await pc('pc-1', folder)
    await before.settled()
    await before.stop()
    const old = await filesIn(folder)
    await core.deleteNode({ name: 'pc-1' })
    await core.createNode({ body: { metadata: { name: 'pc-1' } } })
    const listed = async (): Promise<string[]> => {
      const { data } = await core.readNamespacedConfigMap({ namespace: storage, name: GLUSTER.authority })
      return revokedBy(data?.['ca.crl'] ?? '')
    }
    await eventually('its certificate is on the list', async () =>
      (await listed()).includes(serialOf(old.cert)),
    )
    const again = await pc('pc-1', folder)
    await eventually('it has another one', async () => (await filesIn(folder)).cert !== old.cert)
    await again.settled()
    await again.stop()
    const now = await filesIn(folder)
    t.true(
      revokedBy(listsIn(now.ca)[0] ?? '').includes(serialOf(old.cert)),
      'and knows that the former counts no more',
    )
    // Several passes of both keepers later it still counts.
    await new Promise((done) => setTimeout(done, 3_000))
    t.false((await listed()).includes(serialOf(now.cert)))
  },
)

test.serial('nobody else is vouched for, whatever rights they have', async (t) => {
  const request = await requestFor(await newMemberKey(), 'pc-1')
  t.deepEqual(refusal(await ask(await callerOf('another', 'pc-1'), request)), denied('NotTheMounter'))
  t.deepEqual(refusal(await ask(own.kubeConfig, request)), denied('NotTheMounter'))
  t.deepEqual(refusal(await ask(await callerOf(STORAGE.mounter), request)), denied('NoPC'))
})

test.serial('an administrator who approves what may not be does not make it so', async (t) => {
  for (const { program, running } of keepers.splice(0)) {
    await program.end()
    await running
  }
  const post = async (name: string, caller: KubeConfig, node: string) => {
    const spec = {
      signerName: GLUSTER.signer,
      usages: USAGES,
      request: Buffer.from(await requestFor(await newMemberKey(), node)).toString('base64'),
    }
    await caller
      .makeApiClient(CertificatesV1Api)
      .createCertificateSigningRequest({ body: { metadata: { name }, spec } })
    await must(own.lab, ['certificate', 'approve', name])
  }
  await post('approved-stranger', await callerOf(STORAGE.mounter, 'pc-2'), 'pc-1')
  // As a keeper leaves it that ended between the two calls.
  await post('approved', await callerOf(STORAGE.mounter, 'pc-1'), 'pc-1')
  for (const one of ['one', 'other']) await startKeeperAs(one)
  t.deepEqual(refusal(await answered('approved-stranger')), {
    certificate: undefined,
    answers: ['Approved KubectlApprove', 'Failed AnotherPC'],
  })
  t.truthy((await answered('approved')).status?.certificate)
})

test.serial('hostile requests are denied, end no keeper and keep no PC waiting', async (t) => {
  const caller = await callerOf(STORAGE.mounter, 'pc-1')
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
  const ec = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const another = async (
    wish: Partial<x509.Pkcs10CertificateRequestCreateParams>,
    algorithm: typeof ec | typeof rsa = ec,
  ) => {
    const keys = (await crypto.subtle.generateKey(algorithm, true, [
      'sign',
      'verify',
    ])) as x509.Pkcs10CertificateRequestCreateParams['keys']
    const name = [{ CN: ['pc-1'] }]
    const signingAlgorithm = { name: algorithm.name, hash: 'SHA-256' }
    return (
      await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm, ...wish })
    ).toString('pem')
  }
  const names = Array.from({ length: 60 }, (_, n) => ({ type: 'dns' as const, value: `pc-${n}` }))
  for (const [request, usages, reason] of [
    [await another({}, rsa), USAGES, 'Key'],
    [await another({ name: [{ O: ['system:masters'] }, { CN: ['pc-1'] }] }), USAGES, 'Subject'],
    [await another({ name: [{ CN: ['x'.repeat(3_000)] }] }), USAGES, 'AnotherPC'],
    [await another({ extensions: [new x509.SubjectAlternativeNameExtension(names)] }), USAGES, 'Extensions'],
    [await another({ extensions: [new x509.BasicConstraintsExtension(true)] }), USAGES, 'Extensions'],
    [await another({ name: [{ CN: ['x'.repeat(30_000)] }] }), USAGES, 'Unreadable'],
    [await another({}), [...USAGES, 'cert sign'], 'Usages'],
    [await another({}), ['client auth'], 'Usages'],
  ] as const)
    t.deepEqual(refusal(await ask(caller, request, [...usages])), denied(reason), reason)

  const api = caller.makeApiClient(CertificatesV1Api)
  const strange = Buffer.from(await another({}, rsa)).toString('base64')
  const flood = Array.from({ length: 100 }, (_, n) =>
    api.createCertificateSigningRequest({
      body: {
        metadata: { name: `flood-${n}` },
        spec: { signerName: GLUSTER.signer, usages: USAGES, request: strange },
      },
    }),
  )
  const good = await ask(caller, await another({}))
  t.truthy(good.status?.certificate)
  await Promise.all(flood)
  await answered('flood-99')
})

test.serial(
  'a request that cannot be answered keeps none waiting, and is answered when it can be',
  async (t) => {
    const name = 'cannot-be-answered'
    const group = 'admissionregistration.k8s.io/v1'
    const rule = {
      apiGroups: ['certificates.k8s.io'],
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
    }
    // Who comes as an administrator with this name sees whether the policy acts yet.
    const refused = `object.metadata.name == '${name}' && (request.operation == 'UPDATE' || 'system:masters' in request.userInfo.groups)`
    const items = [
      {
        apiVersion: group,
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name },
        spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: `!(${refused})` }] },
      },
      {
        apiVersion: group,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name },
        spec: { policyName: name, validationActions: ['Deny'] },
      },
    ]
    await must(own.lab, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items })
    const caller = await callerOf(STORAGE.mounter, 'pc-1')
    const request = await requestFor(await newMemberKey(), 'pc-1')
    const spec = {
      signerName: GLUSTER.signer,
      usages: USAGES,
      request: Buffer.from(request).toString('base64'),
    }
    const body = { metadata: { name }, spec }
    await eventually('the policy acts', async () => {
      const tried = requests.createCertificateSigningRequest({ body, dryRun: 'All' })
      return await tried.then(
        () => false,
        () => true,
      )
    })
    await caller.makeApiClient(CertificatesV1Api).createCertificateSigningRequest({ body })
    await eventually('it is tried', async () => logged.join('').includes(`could not be given: ${name}: `))
    t.truthy((await ask(caller, request)).status?.certificate)
    await must(own.lab, ['delete', 'validatingadmissionpolicybinding', name])
    t.truthy((await answered(name)).status?.certificate)
  },
)

test.serial('a request for another signer is none of the keeper’s, and it could not answer it', async (t) => {
  const request = await requestFor(await newMemberKey(), 'pc-1')
  const body = {
    metadata: { name: 'elsewhere' },
    spec: {
      signerName: 'example.org/other',
      usages: USAGES,
      request: Buffer.from(request).toString('base64'),
    },
  }
  await requests.createCertificateSigningRequest({ body })
  // One that comes later and is answered shows that there was time for it.
  await ask(await callerOf(STORAGE.mounter, 'pc-1'), request)
  const { status } = await requests.readCertificateSigningRequest({ name: 'elsewhere' })
  t.deepEqual({ ...status }, {})
  const reviews = own.kubeConfig.makeApiClient(AuthorizationV1Api)
  const may = async (who: string, resourceAttributes: V1ResourceAttributes) => {
    const spec = { user: `system:serviceaccount:${who}`, resourceAttributes }
    return (await reviews.createSubjectAccessReview({ body: { spec } })).status?.allowed
  }
  const keeper = `${system}:${AUTHORITY.keeper}`
  const mounter = `${storage}:${STORAGE.mounter}`
  const group = 'certificates.k8s.io'
  for (const verb of ['approve', 'sign']) {
    const signer = (name: string) => ({ group, resource: 'signers', verb, name })
    t.true(await may(keeper, signer(GLUSTER.signer)))
    for (const other of [
      'kubernetes.io/kube-apiserver-client',
      'kubernetes.io/kubelet-serving',
      'deskfleet.io/*',
    ])
      t.false(await may(keeper, signer(other)), other)
    t.false(await may(mounter, signer(GLUSTER.signer)))
  }
  const asking = { group, resource: 'certificatesigningrequests' }
  t.true(await may(mounter, { ...asking, verb: 'create' }))
  t.false(await may(keeper, { ...asking, verb: 'create' }))
  for (const subresource of ['approval', 'status'])
    t.false(await may(mounter, { ...asking, subresource, verb: 'update' }))
  const secret = { resource: 'secrets', namespace: system, name: GLUSTER.authority, verb: 'get' }
  t.true(await may(keeper, secret))
  t.false(await may(mounter, secret))
})

test.serial(
  'while no API server answers, what is there serves on; what is lost comes back with it',
  async (t) => {
    const folder = temporaryFolder()
    const first = await pc('pc-1', folder)
    await first.settled()
    await first.stop()
    const before = await filesIn(folder)
    const nowhere = new KubeConfig()
    const server = 'https://127.0.0.1:1'
    nowhere.loadFromClusterAndUser(
      { name: 'nowhere', server, skipTLSVerify: false },
      { name: 'nobody', token: 'none' },
    )
    const silent = await pc('pc-1', folder, nowhere)
    await silent.settled()
    t.deepEqual(await filesIn(folder), before)
    await rm(join(folder, 'glusterfs.key'))
    await eventually('it is missed', async () => silent.last()?.usable === false)
    await silent.stop()
    t.deepEqual((await readdir(folder)).sort(), ['glusterfs.ca', 'glusterfs.pem'])
    const again = await pc('pc-1', folder)
    await again.settled()
    await again.stop()
    t.not((await filesIn(folder)).cert, before.cert)
  },
)

test.serial(
  'where the authority is lost, none takes its place until somebody says so; then all PCs follow',
  async (t) => {
    const folder = temporaryFolder()
    const one = await pc('pc-1', folder)
    await one.settled()
    const before = await filesIn(folder)
    await core.deleteNamespacedSecret({ namespace: system, name: GLUSTER.authority })
    await eventually('it is missed', async () => logged.join('').includes('and PCs trust that authority'))
    const name = 'asked-in-vain'
    const spec = {
      signerName: GLUSTER.signer,
      usages: USAGES,
      request: Buffer.from(await requestFor(await newMemberKey(), 'pc-2')).toString('base64'),
    }
    const caller = (await callerOf(STORAGE.mounter, 'pc-2')).makeApiClient(CertificatesV1Api)
    await caller.createCertificateSigningRequest({ body: { metadata: { name }, spec } })
    await eventually('it cannot be signed', async () =>
      logged.join('').includes(`could not be given: ${name}: `),
    )
    t.true(one.last()?.usable)
    t.deepEqual(await filesIn(folder), before)
    await core.deleteNamespacedConfigMap({ namespace: storage, name: GLUSTER.authority })
    await eventually('another one signed', async () => (await filesIn(folder)).ca !== before.ca)
    await one.settled()
    await one.stop()
    const { cert, ca } = await filesIn(folder)
    t.true(new X509Certificate(cert).checkIssued(new X509Certificate(ca)))
    t.truthy((await answered(name)).status?.certificate)
  },
)
