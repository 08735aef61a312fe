import { once } from 'node:events'
import { request } from 'node:https'
import { CoreV1Api } from '@kubernetes/client-node'
import test from 'ava'
import { selfSigned } from '../../certificates/self-signed.ts'
import { START } from '../../config/labels.ts'
import { AUTHORITY, BRIDGE_PATHS, DESKTOP, desktopName, NAMESPACES } from '../../config/names.ts'
import { serviceHost } from '../../gateway/desktops/render.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator, must, sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { type Browser, newBrowser } from './browser.ts'
import { type OwnGateway, ownGateway, ports } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { type RealBridge, realBridge, type SecretData } from './real-bridge.ts'
import { becomes, clear, deploymentOf, homes, onlyOf, podsOf, told } from './room.ts'
import { openScreen } from './screen-client.ts'

/** Gateway and bridge prove themselves to each other: real ones, each with what somebody else may have got hold of. */

let lab: BareLab
let core: CoreV1Api
let gateway: OwnGateway
let pc: PretendPc
let ada: Browser
let adas: RealBridge
let bobs: RealBridge
const [ADA, BOB] = ['pf-ada', 'pf-bob']

test.before(async () => {
  lab = await sharedLab()
  core = administrator(lab).makeApiClient(CoreV1Api)
  await clear(lab)
  await homes(lab, ADA, BOB)
  pc = await pretendPc(lab, 'pf-pc', onlyOf(ADA, BOB))
  gateway = await ownGateway(lab, 'proof')
  const [one, other] = await Promise.all([ADA, BOB].map(atDesk))
  if (!one || !other) throw new Error('nobody is at their desk')
  ada = one.browser
  adas = one.bridge
  bobs = other.bridge
})

test.after.always(async () => {
  adas?.end()
  bobs?.end()
  await Promise.all([gateway?.end(), pc?.end()])
  await clear(lab)
})

async function atDesk(login: string): Promise<{ browser: Browser; bridge: RealBridge }> {
  await person(lab, login)
  const browser = newBrowser(gateway.origin)
  await browser.login(login, PASSWORD)
  await becomes(browser, 'ready')
  const bridge = await realBridge(administrator(lab), login, '/nowhere')
  ports.set(login, bridge.port())
  return { browser, bridge }
}

const secretOf = async (slug: string): Promise<SecretData> =>
  (await core.readNamespacedSecret({ namespace: NAMESPACES.desktops, name: desktopName(slug) })).data ?? {}

/** Whether the gateway shows her the files of whatever answers at her desktop's address. */
async function isSpokenTo(): Promise<boolean> {
  const { status, text } = await ada.get('/desktop/files?path=', { accept: 'application/json' })
  return status === 200 && /hello\.txt/.test(text)
}

async function answering(bridge: RealBridge, data?: SecretData): Promise<void> {
  await bridge.restart(data)
  ports.set(ADA, bridge.port())
}

test.serial('what another person’s desktop serves with is not taken for hers', async (t) => {
  t.true(await isSpokenTo())
  ports.set(ADA, bobs.port())
  t.false(await isSpokenTo())
  const { token = '' } = await secretOf(ADA)
  await answering(bobs, { ...(await secretOf(BOB)), token })
  t.false(await isSpokenTo(), 'with her token')
  await answering(adas)
  t.true(await isSpokenTo())
})

test.serial('what an earlier start of hers served with is not taken for this one’s', async (t) => {
  const earlier = await secretOf(ADA)
  const [before] = await podsOf(lab, ADA)
  await ada.post('/desktop/restart', {})
  // Asked until the end, so that the gateway has what the earlier start served with at hand.
  await eventually('another pod is ready', async () => {
    await isSpokenTo()
    return (await told(ada)).state === 'ready' && (await podsOf(lab, ADA))[0] !== before
  })
  t.false(await isSpokenTo(), 'the earlier one still answers')
  await answering(adas)
  t.true(await isSpokenTo())
  const now = await secretOf(ADA)
  await answering(adas, earlier)
  t.false(await isSpokenTo())

  // Whoever brings the earlier Secret back, out of a backup or by hand, brings no start back.
  const patch = async (data: SecretData) =>
    void (await must(lab, [
      ...['patch', 'secret', desktopName(ADA), '-n', NAMESPACES.desktops, '--type=merge'],
      ...['-p', JSON.stringify({ data })],
    ]))
  await patch(earlier)
  t.false(await isSpokenTo(), 'with the earlier Secret in its place')
  await patch(now)
  await answering(adas)
  t.true(await isSpokenTo())
})

test.serial('one that an older version started goes on until it is stopped', async (t) => {
  const data = await secretOf(ADA)
  const { certificate, key } = await selfSigned([serviceHost(ADA)], new Date())
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const older = { ...data, 'tls.crt': base64(certificate), 'tls.key': base64(key) }
  const place = ['-n', NAMESPACES.desktops]
  const inCluster = JSON.stringify({ data: { ...older, [DESKTOP.gatewayAuthorities]: null } })
  const deployment = `deployment/${desktopName(ADA)}`
  const start = (await deploymentOf(lab, ADA)).metadata.annotations[START]
  await must(lab, ['patch', 'secret', desktopName(ADA), ...place, '--type=merge', '-p', inCluster])
  await answering(adas, older)
  t.false(await isSpokenTo(), 'the Deployment knows the start')
  await must(lab, ['annotate', deployment, ...place, `${START}-`])
  await eventually('it is spoken to', isSpokenTo)
  t.is((await secretOf(ADA))[DESKTOP.gatewayAuthorities], undefined)
  await must(lab, ['annotate', deployment, ...place, `${START}=${start}`])
  const back = JSON.stringify({ data })
  await must(lab, ['patch', 'secret', desktopName(ADA), ...place, '--type=merge', '-p', back])
  await answering(adas)
  await eventually('the present one is spoken to', isSpokenTo)
})

test.serial('a bridge serves the gateway alone, also who has the right token', async (t) => {
  const { token = '', 'tls.crt': pinned = '' } = await secretOf(ADA)
  const kept = (name: string) =>
    core.readNamespacedSecret({ namespace: NAMESPACES.system, name }).then(({ data }) => data ?? {})
  const text = (data: SecretData, key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const ask = async (shown?: SecretData) => {
    const asked = request({
      host: '127.0.0.1',
      port: adas.port(),
      path: `${BRIDGE_PATHS.files}?path=/`,
      ca: Buffer.from(pinned, 'base64').toString(),
      checkServerIdentity: () => undefined,
      agent: false,
      headers: { authorization: `Bearer ${Buffer.from(token, 'base64').toString()}` },
      ...(shown ? { cert: text(shown, 'tls.crt'), key: text(shown, 'tls.key') } : {}),
    }).end()
    const [answer] = await once(asked, 'response')
    answer.resume()
    return Number(answer.statusCode)
  }
  t.is(await ask(), 401, 'no certificate')
  t.is(await ask(await secretOf(BOB)), 401, 'another desktop')
  t.is(await ask(await secretOf(ADA)), 401, 'her own desktop')
  t.is(await ask(await kept(AUTHORITY.webhookSecret)), 401, 'another program of the same authority')
  t.is(await ask(await kept(AUTHORITY.callerSecret)), 200, 'the gateway')
})

test.serial('a desktop that runs is told when another authority vouches for the gateway', async (t) => {
  const inSecret = async () => (await secretOf(ADA))[DESKTOP.gatewayAuthorities]
  const right = await inSecret()
  const other = Buffer.from('what was so before\n').toString('base64')
  const data = JSON.stringify({ data: { [DESKTOP.gatewayAuthorities]: other } })
  await must(lab, [
    ...['patch', 'secret', desktopName(ADA), '-n', NAMESPACES.desktops, '--type=merge', '-p', data],
  ])
  const screen = await openScreen(gateway.origin, ada)
  screen.close()
  await eventually('the Secret has it', async () => (await inSecret()) === right)
  t.pass()
})
