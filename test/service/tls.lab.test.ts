import { once } from 'node:events'
import { createServer } from 'node:https'
import { AdmissionregistrationV1Api } from '@kubernetes/client-node'
import test, { type ExecutionContext } from 'ava'
import { makeScreen } from '../../bridge/screen.ts'
import { bridgeServer } from '../../bridge/serve.ts'
import { keepStanding, stateOf } from '../../bridge/state.ts'
import { newAuthority } from '../../certificates/authority.ts'
import { selfSigned } from '../../certificates/self-signed.ts'
import { WEBHOOK } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { systemClock } from '../../service/clock.ts'
import { ownGateway } from '../gateway/own-gateway.ts'
import { administrator, sharedLab } from '../harness/lab.ts'
import { scanTls, type TlsFindings } from '../harness/tls-scan.ts'

/** A scanner's look at every server of ours that speaks TLS: Mozilla's list *modern*, and nothing beside it. */

const DAY = 24 * 60 * 60 * 1000
const SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
/** The hybrid X25519MLKEM768 that some add is one that this scanner does not know. */
const GROUPS = ['secp256r1 (NIST P-256)', 'secp384r1 (NIST P-384)', 'x25519']

let lab: BareLab
test.before(async () => {
  lab = await sharedLab()
})

function isModern(t: ExecutionContext, { certificate, ...found }: TlsFindings, days: number): void {
  t.deepEqual(found, { protocols: ['tls 1.3'], suites: SUITES, groups: GROUPS, weak: [] })
  const { publicKey, validFromDate, validToDate } = certificate
  t.is(publicKey.asymmetricKeyType, 'ec')
  t.is(publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.true(validFromDate.getTime() < Date.now() && Date.now() < validToDate.getTime())
  const life = (validToDate.getTime() - validFromDate.getTime()) / DAY
  t.true(life <= days, `${life} days`)
}

/** As long as browsers take one. */
const LONGEST = 398

test('the gateway', async (t) => {
  const gateway = await ownGateway(lab, 'scanned')
  t.teardown(gateway.end)
  isModern(t, await scanTls(Number(new URL(gateway.origin).port)), LONGEST)
})

test('the webhook, which asks for a certificate', async (t) => {
  const api = administrator(lab).makeApiClient(AdmissionregistrationV1Api)
  const { webhooks } = await api.readMutatingWebhookConfiguration({ name: WEBHOOK.configuration })
  isModern(t, await scanTls(Number(new URL(webhooks?.[0]?.clientConfig.url ?? '').port)), LONGEST)
})

test('a bridge', async (t) => {
  const { certificate, key } = await selfSigned(['start.uuid.desktops'], new Date())
  const standing = keepStanding(systemClock, () => {})
  const screen = makeScreen({
    socket: '/nowhere',
    pixels: 1_024_000,
    onInput: standing.onInput,
    log: () => {},
  })
  const server = bridgeServer({
    certificate: Buffer.from(certificate),
    key: Buffer.from(key),
    gatewayAuthorities: (await newAuthority({ name: 'test' }, new Date())).certificate,
    token: 'a'.repeat(32),
    home: '/nowhere',
    largestFile: 1,
    screen,
    state: () => stateOf(standing.now(), 0, '0', 0),
    keep: () => {},
    message: async () => {},
    log: () => {},
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  isModern(t, await scanTls(typeof address === 'object' && address ? address.port : 0), LONGEST)
})

test('slapd', async (t) => {
  isModern(t, await scanTls(Number(new URL(lab.ldap?.url ?? '').port)), LONGEST)
})

test('the scanner finds what is not modern', async (t) => {
  const { certificate, key } = await selfSigned(['localhost'], new Date())
  const server = createServer({ cert: certificate, key, minVersion: 'TLSv1.2' }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const found = await scanTls(typeof address === 'object' && address ? address.port : 0)
  t.deepEqual(found.protocols, ['tls 1.2', 'tls 1.3'])
  t.true(found.suites.includes('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'))
  t.true(found.groups.length > GROUPS.length)
})
