import { request } from 'node:https'
import test from 'ava'
import { STOPPED_WHY } from '../../config/labels.ts'
import { setLock, setPassword } from '../../directory/people.ts'
import { peopleDN } from '../../directory/search.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { sharedLab } from '../harness/lab.ts'
import { directoryOf } from '../harness/slapd.ts'
import { becomes as becomesThat, eventually } from '../harness/wait.ts'
import { type Browser, newBrowser } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { atDesk, becomes, clear, deploymentOf, homes, onlyOf, podsOf, told } from './room.ts'

/** What an administrator does in the directory ends sessions and desktops: with the real slapd and identity sync. */

let lab: BareLab
let first: OwnGateway
let second: OwnGateway
let pc: PretendPc
/** New ones for every run: some of them are locked, removed or given another password. */
const run = Date.now().toString(36)
const [LOCKED, REMOVED, RESET, OWN, OTHER, SENDER] = [
  'locked',
  'removed',
  'reset',
  'own',
  'other',
  'sender',
].map((name) => `lv-${name}-${run}`) as [string, string, string, string, string, string]
const PEOPLE = [LOCKED, REMOVED, RESET, OWN, OTHER, SENDER]

test.before(async () => {
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, ...PEOPLE)
  for (const login of PEOPLE) await person(lab, login)
  pc = await pretendPc(lab, 'lv-pc', onlyOf(...PEOPLE))
  pc.room(100)
  pc.reach('ready')
  pc.readyFor(0)
  ;[first, second] = await Promise.all([ownGateway(lab, 'leaving-1'), ownGateway(lab, 'leaving-2')])
})

test.after.always(async () => {
  await Promise.all([first?.end(), second?.end(), pc?.end()])
  await clear(lab)
})

/** Somebody whose desktop is on, logged in at the other replica as well. */
async function atWork(login: string): Promise<readonly Browser[]> {
  const browsers = [newBrowser(first.origin), newBrowser(second.origin)]
  for (const browser of browsers) await browser.login(login, PASSWORD)
  for (const browser of browsers) await becomes(browser, 'ready')
  return browsers
}

const admin = async <T>(work: (directory: ReturnType<typeof directoryOf>) => Promise<T>): Promise<T> => {
  if (!lab.ldap) throw new Error('the lab has no LDAP')
  const directory = directoryOf(lab.ldap, 'admin')
  return await work(directory).finally(() => directory.close())
}

const isOut = async (browser: Browser): Promise<boolean> =>
  (await browser.get('/password')).headers.location?.startsWith('/login') ?? false

async function areOut(browsers: readonly Browser[]): Promise<number> {
  return await becomesThat(
    'everybody is logged out',
    async () => (await Promise.all(browsers.map(isOut))).every(Boolean),
    true,
  )
}

async function ends(login: string): Promise<{ why: string; seconds: number }> {
  const seconds = await becomesThat('pods', async () => (await podsOf(lab, login)).length, 0)
  return { why: (await deploymentOf(lab, login)).metadata.annotations[STOPPED_WHY], seconds }
}

test.serial(
  'a locked account: its sessions end, its desktop ends, and it is let in when unlocked',
  async (t) => {
    const [other] = await atWork(OTHER)
    const browsers = await atWork(LOCKED)
    await admin((directory) => setLock(directory, LOCKED, true))
    t.log(`logged out after ${(await areOut(browsers)).toFixed(1)} s`)
    const { why, seconds } = await ends(LOCKED)
    t.log(`the desktop ended ${seconds.toFixed(1)} s later`)
    t.is(why, 'Locked')
    t.is((await newBrowser(first.origin).login(LOCKED, PASSWORD)).status, 401)
    await admin((directory) => setLock(directory, LOCKED, false))
    await eventually(
      'let in again',
      async () => (await newBrowser(first.origin).login(LOCKED, PASSWORD)).status === 303,
    )
    t.false(other ? await isOut(other) : true, 'and nobody else was')
    t.is((await podsOf(lab, OTHER)).length, 1)
  },
)

test.serial('a file that is on its way ends with the session', async (t) => {
  const { browser, bridge } = await atDesk(lab, first.origin, SENDER)
  t.teardown(() => bridge.end())
  await browser.get('/password')
  const { hostname, port } = new URL(first.origin)
  const upload = request({
    ...{
      host: '127.0.0.1',
      port,
      method: 'PUT',
      path: '/desktop/files?path=slow.bin',
      rejectUnauthorized: false,
    },
    headers: {
      ...{ host: `${hostname}:${port}`, cookie: browser.cookie, origin: first.origin },
      'x-desk-token': browser.token,
    },
  })
  let status: number | undefined
  let over = false
  upload.on('response', ({ statusCode }) => {
    status = statusCode
  })
  upload.on('error', () => {})
  upload.on('close', () => {
    over = true
  })
  upload.write('begun')
  // Above the rate at which a body counts as too slow.
  const drip = setInterval(() => upload.write(Buffer.alloc(4_096, 'x')), 200)
  t.teardown(() => clearInterval(drip))
  await eventually('it is on its way', async () => (await told(browser)).state === 'ready')
  t.false(over)
  // A new password, since the desktop goes on for a while then.
  await admin((directory) => setPassword(directory, SENDER, 'another long secret'))
  await areOut([browser])
  await eventually('it has ended', () => over || status !== undefined, { seconds: 20 })
  t.not(status, 201)
  t.false(bridge.files.has('slow.bin'))
})

test.serial('a removed person: their sessions end, their desktop ends', async (t) => {
  const browsers = await atWork(REMOVED)
  await admin((directory) =>
    directory.use('removing', (client) => client.del(`uid=${REMOVED},${peopleDN(lab.ldap?.baseDN ?? '')}`)),
  )
  t.log(`logged out after ${(await areOut(browsers)).toFixed(1)} s`)
  t.is((await ends(REMOVED)).why, 'Removed')
})

test.serial('a password that an administrator sets: sessions end, and then the desktop', async (t) => {
  const browsers = await atWork(RESET)
  await admin((directory) => setPassword(directory, RESET, 'another long secret'))
  t.log(`logged out after ${(await areOut(browsers)).toFixed(1)} s`)
  const { why, seconds } = await ends(RESET)
  t.log(`the desktop ended ${seconds.toFixed(1)} s later`)
  t.is(why, 'PasswordSet')
})

test.serial('who changes their own password, or logs in with the new one, keeps their desktop', async (t) => {
  const [here, there] = await atWork(OWN)
  const [pod] = await podsOf(lab, OWN)
  if (!here || !there) throw new Error('nobody is logged in')
  await here.get('/password')
  const fields = { before: PASSWORD, after: 'my own new secret', again: 'my own new secret' }
  t.is((await here.post('/password', fields)).status, 303)
  await areOut([here, there])
  t.is((await here.login(OWN, 'my own new secret')).status, 303)
  await becomes(here, 'ready')
  // slapd tells the time of a password in whole seconds: two in one second cannot be told apart.
  await new Promise((done) => setTimeout(done, 1_100))
  await admin((directory) => setPassword(directory, OWN, 'what the administrator says'))
  await areOut([here])
  t.is((await there.login(OWN, 'what the administrator says')).status, 303)
  // Longer than a desktop goes on that nobody has come back to.
  await new Promise((done) => setTimeout(done, 40_000))
  t.deepEqual(await podsOf(lab, OWN), [pod ?? ''])
  t.false(await isOut(there), 'nor does the new session end')
})
