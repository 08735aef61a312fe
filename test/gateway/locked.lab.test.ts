import { request } from 'node:https'
import { CoreV1Api } from '@kubernetes/client-node'
import test from 'ava'
import { readLockLines } from '../../cluster/locked-people.ts'
import { STOPPED_WHY } from '../../config/labels.ts'
import { readLock } from '../../config/lock.ts'
import { CLOSED } from '../../gateway/screen/closed.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator, must, sharedLab } from '../harness/lab.ts'
import { deskfleet, plainPod, tryPod } from '../harness/platform.ts'
import { becomes as becomesThat, eventually } from '../harness/wait.ts'
import { newBrowser, send } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { atDesk, clear, deploymentOf, homes, onlyOf, podsOf } from './room.ts'
import { closeCode, openScreen } from './screen-client.ts'

/** A lock in the cluster itself ends everything of a person at once although LDAP does not answer. */

let lab: BareLab
let gateway: OwnGateway
let pc: PretendPc
const run = Date.now().toString(36)
const [ADA, BOB, ROOT] = ['ada', 'bob', 'root'].map((name) => `lk-${name}-${run}`) as [string, string, string]

test.before(async () => {
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, ADA, BOB, ROOT)
  for (const login of [ADA, BOB]) await person(lab, login)
  await person(lab, ROOT, ['administrators'])
  pc = await pretendPc(lab, 'lk-pc', onlyOf(ADA, BOB, ROOT))
  pc.room(100)
  pc.reach('ready')
  pc.readyFor(0)
  gateway = await ownGateway(lab, 'locked')
})

test.after.always(async () => {
  await Promise.all([gateway?.end(), pc?.end()])
  for (const login of [ADA, BOB]) await deskfleet(lab, 'people', 'unlock', login)
  await clear(lab)
})

const linesNow = () => readLockLines(administrator(lab).makeApiClient(CoreV1Api))

/** An upload that goes on for ever, above the rate at which a body counts as too slow. */
function slowUpload(browser: { readonly cookie: string; readonly token: string }) {
  const { hostname, port } = new URL(gateway.origin)
  const where = { host: '127.0.0.1', port, method: 'PUT', path: '/desktop/files?path=slow.bin' }
  const host = `${hostname}:${port}`
  const headers = { host, cookie: browser.cookie, origin: gateway.origin, 'x-desk-token': browser.token }
  const upload = request({ ...where, headers, rejectUnauthorized: false })
  const drip = setInterval(() => upload.write(Buffer.alloc(4_096, 'x')), 200)
  const over = new Promise<number | undefined>((done) => {
    upload.on('response', ({ statusCode }) => done(statusCode))
    upload.on('error', () => {})
    upload.on('close', () => done(undefined))
  }).finally(() => clearInterval(drip))
  return over
}

test.serial(
  'people lock, with LDAP away: screen, events, files, sessions, desktop and pods end',
  async (t) => {
    const other = await atDesk(lab, gateway.origin, BOB)
    t.teardown(() => other.bridge.end())
    const { browser, bridge } = await atDesk(lab, gateway.origin, ADA)
    t.teardown(() => bridge.end())
    await browser.get('/password')
    const screen = closeCode(await openScreen(gateway.origin, browser))
    const upload = slowUpload(browser)
    let began = () => {}
    const begun = new Promise<void>((done) => {
      began = done
    })
    const events = send(gateway.origin, '/desktop/events', {
      headers: { cookie: browser.cookie },
      onHead: began,
    })
    await begun
    // One that they made themselves.
    await must(lab, ['create', '-f', '-'], plainPod(ADA, `own-${run}`))

    // No LDAP: the command is told of a directory that nobody answers at.
    const nowhere = ['--url', 'ldaps://127.0.0.1:1', '--ca', lab.ldap?.caFile ?? '', '--base-dn', 'dc=x']
    const account = ['--bind-dn', 'cn=x,dc=x', '--password-file', lab.ldap?.readerPasswordFile ?? '']
    const reach = [...nowhere, ...account, '--kubeconfig', lab.kubeconfig]
    const locked = await deskfleet(lab, 'people', 'lock', ADA, '--reason', 'stolen laptop', ...reach)
    t.is(locked.code, 1, locked.stderr)
    t.regex(locked.stdout, new RegExp(`${ADA} locked in the cluster`))
    t.regex(locked.stdout, /pod\(s\) of .* end now/)
    t.regex(
      locked.stderr,
      /NOT in the directory \(.*\); that lock holds alone.*again when the directory answers/,
    )

    t.is(await screen, CLOSED.ended)
    t.regex((await events).text, /event: ended/)
    t.not(await upload, 201)
    t.regex((await browser.get('/password')).headers.location ?? '', /^\/login/)
    await becomesThat('their pods', async () => (await podsOf(lab, ADA)).length, 0)
    await becomesThat(
      'why their desktop ended',
      async () => (await deploymentOf(lab, ADA)).metadata.annotations[STOPPED_WHY],
      'Locked',
    )
    const refused = await tryPod(lab, ADA)
    t.not(refused.code, 0)
    t.regex(refused.stderr, /locked the account in the cluster .*\(stolen laptop\).*people unlock/)
    const again = await newBrowser(gateway.origin).login(ADA, PASSWORD)
    t.is(again.status, 403)
    t.regex(again.text, /Your account is locked/)
    t.is(again.headers['set-cookie'], undefined)
    // The directory itself never heard of it, and nobody else is concerned.
    const identity = JSON.parse(await must(lab, ['get', 'identity', ADA, '-o', 'json']))
    t.is(identity.spec.locked, undefined)
    t.is((await other.browser.get('/password')).status, 200)
    t.is((await podsOf(lab, BOB)).length, 1)
  },
)

test.serial('the commands tell it, and unlock opens the account', async (t) => {
  const shown = await deskfleet(lab, 'people', 'show', ADA)
  t.regex(shown.stdout, /^lockedInCluster: +since 20.*\(stolen laptop\)$/m)
  const listed = await deskfleet(lab, 'people', 'list', '-o', 'json')
  const rows: { login: string; locked: boolean }[] = JSON.parse(listed.stdout)
  t.true(rows.find(({ login }) => login === ADA)?.locked)
  t.false(rows.find(({ login }) => login === BOB)?.locked)
  t.regex(listed.stderr, new RegExp(`${ADA} is locked in the cluster alone`))
  const unlocked = await deskfleet(lab, 'people', 'unlock', ADA)
  t.is(unlocked.code, 0, unlocked.stderr)
  t.regex(unlocked.stdout, /unlocked in the directory\n.*unlocked in the cluster/)
  t.is((await linesNow())?.[ADA], undefined)
  await eventually(
    'they are let in again',
    async () => (await newBrowser(gateway.origin).login(ADA, PASSWORD)).status === 303,
  )
})

test.serial('with LDAP there, people lock locks in both places, and ends with 0', async (t) => {
  const dry = await deskfleet(lab, 'people', 'lock', ADA, '--dry-run')
  t.is(dry.code, 0, dry.stderr)
  t.regex(dry.stdout, /locked-people\n.*\ndn: uid=.*\nchangetype: modify/)
  t.is((await linesNow())?.[ADA], undefined)
  const locked = await deskfleet(lab, 'people', 'lock', ADA)
  t.is(locked.code, 0, locked.stderr)
  t.regex(locked.stdout, /locked in the cluster.*\n.*\n.*locked in the directory/)
  t.is((await newBrowser(gateway.origin).login(ADA, PASSWORD)).status, 401)
  t.is((await deskfleet(lab, 'people', 'unlock', ADA)).code, 0)
  const nobody = await deskfleet(lab, 'people', 'lock', `nobody-${run}`)
  t.is(nobody.code, 1)
  t.regex(nobody.stderr, /NOT locked: the cluster knows nobody called .* there is no person/)
})

test.serial('an administrator locks somebody on their page, and cannot open the account there', async (t) => {
  const root = newBrowser(gateway.origin)
  t.is((await root.login(ROOT, PASSWORD)).status, 303)
  const bob = newBrowser(gateway.origin)
  t.is((await bob.login(BOB, PASSWORD)).status, 303)
  t.is((await bob.post(`/administration/people/${ROOT}/lock`, {})).status, 403, 'nobody else may')
  t.regex((await root.get(`/administration/people/${BOB}`)).text, /people\/.*\/lock/)
  const done = await root.post(`/administration/people/${BOB}/lock`, {})
  t.is(done.headers.location, `/administration/people/${BOB}?done=locked`)
  t.is(readLock((await linesNow())?.[BOB] ?? '')?.reason, `by ${ROOT}`)
  await eventually(
    'out',
    async () => (await bob.get('/password')).headers.location?.startsWith('/login') ?? false,
  )
  await becomesThat('pods', async () => (await podsOf(lab, BOB)).length, 0)
  const page = await root.get(`/administration/people/${BOB}`)
  t.regex(page.text, /Locked since/)
  t.notRegex(page.text, new RegExp(`people/${BOB}/lock`))
  t.is((await deskfleet(lab, 'people', 'unlock', BOB)).code, 0)
})
