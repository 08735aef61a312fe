import test, { type ExecutionContext } from 'ava'
import {
  LAST_INPUT,
  MOVES_AT,
  MOVES_FOR,
  STARTED_AT,
  STOPPED_WHY,
  STOPS_AT,
  TOLD_MOVE,
  WAITING_SINCE,
} from '../../config/labels.ts'
import { desktopName, homeClaim, homeVolume, NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { must, sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { type Browser, newBrowser } from './browser.ts'
import { type OwnGateway, ownGateway, TEMPLATES } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { atDesk, becomes, clear, deploymentOf, homes, onlyOf, podsOf, told } from './room.ts'

/** Desktops come, wait, move and go: two replicas over a real API server with its scheduler and controllers. */

let lab: BareLab
let first: OwnGateway
let second: OwnGateway
let pc: PretendPc
const PEOPLE = ['dk-ada', 'dk-bob', 'dk-cid', 'dk-dan', 'dk-root'] as const
const [ADA, BOB, CID, DAN, ROOT] = PEOPLE

test.before(async () => {
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, ...PEOPLE)
  for (const login of [ADA, BOB, CID, DAN]) await person(lab, login)
  await person(lab, ROOT, ['administrators'])
  pc = await pretendPc(lab, 'dk-pc', onlyOf(...PEOPLE))
  const options = { env: { DESKFLEET_STARTING_AT_ONCE: '1' }, desktops: { atMost: 3 } }
  ;[first, second] = await Promise.all([
    ownGateway(lab, 'desktops-1', options),
    ownGateway(lab, 'desktops-2', options),
  ])
})

test.beforeEach(async () => {
  pc.room(100)
  pc.reach('ready')
  pc.readyFor(0)
})

test.afterEach.always(async () => {
  await clear(lab)
  await eventually(
    'no desktop is left',
    async () => (await Promise.all(PEOPLE.map((one) => podsOf(lab, one)))).flat().length === 0,
  )
})

test.after.always(async () => {
  await Promise.all([first?.end(), second?.end(), pc?.end()])
})

async function loggedIn(login: string, gateway = first): Promise<Browser> {
  const browser = newBrowser(gateway.origin)
  const { status } = await browser.login(login, PASSWORD)
  if (status !== 303) throw new Error(`${login}: ${status}`)
  return browser
}

/** Somebody at their desktop, with a bridge that ends with the test. */
async function desk(t: ExecutionContext, login: string) {
  const found = await atDesk(lab, first.origin, login)
  t.teardown(() => found.bridge.end())
  return found
}
const annotate = (slug: string, ...pairs: string[]) =>
  must(lab, ['annotate', '--overwrite', 'deployment', desktopName(slug), '-n', NAMESPACES.desktops, ...pairs])

test.serial(
  'eight logins at the same instant, at both replicas, make one desktop; a later one leaves it alone',
  async (t) => {
    const browsers = await Promise.all(
      Array.from({ length: 4 }, (_, i) => loggedIn(ADA, i % 2 ? first : second)),
    )
    await Promise.all(browsers.map((browser) => becomes(browser, 'ready')))
    const [pod, ...others] = await podsOf(lab, ADA)
    t.deepEqual(others, [])
    const { metadata, spec } = await deploymentOf(lab, ADA)
    t.is(spec.replicas, 1)
    t.is(metadata.annotations[WAITING_SINCE], undefined)
    const again = await loggedIn(ADA)
    await again.post('/desktop/start', { template: 'office' })
    t.deepEqual(await podsOf(lab, ADA), [pod ?? ''])
    t.is((await deploymentOf(lab, ADA)).metadata.generation, metadata.generation)
  },
)

test.serial('a home that is not there is said to be so, and keeps nobody else waiting', async (t) => {
  pc.room(0)
  await must(lab, ['delete', 'pvc', homeClaim(ADA), '-n', NAMESPACES.desktops, '--wait=false'])
  await must(lab, ['delete', 'pv', homeVolume(ADA), '--wait=false'])
  const ada = await loggedIn(ADA)
  await eventually('the home is missed', async () =>
    /Your files cannot be reached/.test((await ada.get('/desktop')).text),
  )
  await loggedIn(BOB)
  await eventually('bob takes his turn', async () => (await podsOf(lab, BOB)).length === 1)
  t.is((await deploymentOf(lab, BOB)).spec.replicas, 1)
  await homes(lab, ADA)
})

test.serial('progress is told in plain words: the room, the PC, the programs, ready', async (t) => {
  pc.room(0)
  const browser = await loggedIn(ADA)
  await eventually('the room is full', async () => (await told(browser)).title === 'The room is full')
  t.is((await told(browser)).more, 'You are next.')
  t.truthy((await deploymentOf(lab, ADA)).metadata.annotations[WAITING_SINCE])
  pc.reach('found')
  pc.room(100)
  await becomes(browser, 'coming')
  await eventually('the PC is named', async () => (await told(browser)).pc === 'dk-pc')
  pc.reach('image')
  await eventually('programs are loaded', async () =>
    /loads the programs/.test((await browser.get('/desktop')).text),
  )
  pc.reach('ready')
  await becomes(browser, 'ready')
  await eventually(
    'no place in the queue is kept',
    async () => (await deploymentOf(lab, ADA)).metadata.annotations[WAITING_SINCE] === undefined,
  )
})

test.serial(
  'starts take turns: one at once, the others are told their place, first come first',
  async (t) => {
    pc.reach('found')
    const browsers: Browser[] = []
    for (const login of [ADA, BOB, CID]) {
      browsers.push(await loggedIn(login))
      await new Promise((done) => setTimeout(done, 150))
    }
    const [ada, bob, cid] = browsers
    if (!ada || !bob || !cid) return t.fail()
    await becomes(ada, 'coming')
    await eventually('bob is told his place', async () => {
      const { state, title, more } = await told(bob)
      return (
        state === 'waiting' && title === 'Your turn comes in a moment' && more === 'You are number 1 of 2.'
      )
    })
    t.like(await told(cid), { state: 'waiting', more: 'You are number 2 of 2.' })
    await cid.post('/desktop/stop', {})
    await eventually('bob is next', async () => (await told(bob)).more === 'You are next.')
    pc.reach('ready')
    await Promise.all([becomes(ada, 'ready'), becomes(bob, 'ready')])
    return t.is((await told(cid)).state, 'off')
  },
)

test.serial(
  'at the room’s limit one waits, and the desktop that is idle longest makes room; one in use does not',
  async (t) => {
    const desks = [await desk(t, ADA), await desk(t, BOB), await desk(t, CID)]
    for (const login of [ADA, BOB, CID])
      await annotate(login, `${STARTED_AT}=2020-01-01T00:00:00Z`, `${LAST_INPUT}=2020-01-01T00:00:00Z`)
    // Later than the pods were ready, so that it is noted.
    await Promise.all(desks.map(({ bridge }) => bridge.idle(0)))
    const dan = await loggedIn(DAN)
    await eventually('dan waits', async () => {
      const { state, title, more } = await told(dan)
      return state === 'waiting' && title === 'The room is full' && more === 'You are next.'
    })
    await new Promise((done) => setTimeout(done, 2_500))
    t.is((await told(dan)).state, 'waiting')
    // Nobody may wait while the three are made older, one by one: the first that is old enough would make room.
    await dan.post('/desktop/stop', {})
    await becomes(dan, 'off')
    // Ready for long, as the pods say it from now on.
    pc.readyFor(3_600_000)
    await touchPods(ADA, BOB, CID)
    await Promise.all([desks[0]?.bridge.idle(400, 1), desks[1]?.bridge.idle(500), desks[2]?.bridge.idle(600)])
    // Input that was noted is never forgotten; here it has to be.
    for (const login of [ADA, BOB, CID])
      await annotate(login, `${STARTED_AT}=2020-01-01T00:00:00Z`, `${LAST_INPUT}=2020-01-01T00:00:00Z`)
    t.is((await dan.post('/desktop/start', { template: 'office' })).status, 303)
    await becomes(dan, 'ready')
    const why = async (login: string) => (await deploymentOf(lab, login)).metadata.annotations[STOPPED_WHY]
    t.deepEqual([await why(ADA), await why(BOB), await why(CID)], [undefined, undefined, 'MadeRoom'])
    t.regex(
      (await desks[2]?.browser.get('/desktop'))?.text ?? '',
      /stopped to make room for somebody who waited/,
    )
  },
)

/** Lets the PC report its pods anew. */
async function touchPods(...people: string[]): Promise<void> {
  pc.reach('found')
  for (const login of people) await eventually('reported', async () => (await readyIn(login)) === 'False')
  pc.reach('ready')
  for (const login of people) await eventually('reported', async () => (await readyIn(login)) === 'True')
}
const readyIn = async (login: string): Promise<string> => {
  const [pod = ''] = await podsOf(lab, login)
  return (
    await lab.run([
      'get',
      'pod',
      pod,
      '-n',
      NAMESPACES.desktops,
      '-o',
      'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
    ])
  ).stdout
}

test.serial(
  'idle: warned on the page and on the desktop, kept by the button, stopped in the end, started again',
  async (t) => {
    const { browser, bridge } = await desk(t, ADA)
    const past = `${new Date(Date.now() - 7_200_000).toISOString()}`
    const backThen = () => annotate(ADA, `${STARTED_AT}=${past}`, `${LAST_INPUT}=${past}`)
    pc.readyFor(7_200_000)
    await touchPods(ADA)
    // 26 of 30 minutes: within five of the end.
    await bridge.idle(26 * 60, 1)
    await backThen()
    await eventually('the page warns', async () => (await told(browser)).stopsIn !== undefined)
    await eventually('the desktop is told, too', async () =>
      /idle. It stops in 4 minutes/.test(bridge.said.join()),
    )
    t.is((await browser.post('/desktop/keep', {}, { 'x-desk-token': browser.token })).status, 204)
    await eventually('the warning is gone', async () => (await told(browser)).stopsIn === undefined)
    t.is((await deploymentOf(lab, ADA)).spec.replicas, 1)
    await bridge.idle(31 * 60, 0)
    await backThen()
    await becomes(browser, 'off')
    const { metadata, spec } = await deploymentOf(lab, ADA)
    t.is(spec.replicas, 0)
    t.is(metadata.annotations[STOPPED_WHY], 'Idle')
    t.is(metadata.annotations[STOPS_AT], undefined)
    t.regex((await browser.get('/desktop')).text, /stopped because nobody used it for a while/)
    await loggedIn(ADA)
    await becomes(browser, 'ready')
  },
)

test.serial(
  'a restart brings another pod with other secrets; a moved one keeps its own, and the page says so',
  async (t) => {
    const { browser } = await desk(t, ADA)
    const secret = async () =>
      JSON.parse(
        await must(lab, ['get', 'secret', desktopName(ADA), '-n', NAMESPACES.desktops, '-o', 'json']),
      ).data
    const [before] = await podsOf(lab, ADA)
    const one = await secret()
    await browser.post('/desktop/restart', {})
    await eventually(
      'another pod is ready',
      async () => (await told(browser)).state === 'ready' && (await podsOf(lab, ADA))[0] !== before,
    )
    const two = await secret()
    t.not(two.token, one.token)
    t.not(two['tls.crt'], one['tls.crt'])
    await annotate(ADA, `${STARTED_AT}=${new Date(Date.now() - 600_000).toISOString()}`)
    const [moving = ''] = await podsOf(lab, ADA)
    pc.reach('found')
    await must(lab, ['delete', 'pod', moving, '-n', NAMESPACES.desktops, '--wait=false'])
    await eventually('the page says that it moves', async () =>
      /moves to another PC/.test((await told(browser)).title),
    )
    pc.reach('ready')
    await becomes(browser, 'ready')
    t.deepEqual((await secret()).token, two.token)
  },
)

test.serial('the replica that starts desktops dies: the other one goes on', async (t) => {
  const leads = async (gateway: OwnGateway) =>
    /gateway_leading 1\n/.test(await (await fetch(`${gateway.metrics}/metrics`)).text())
  const [leader, other] = (await leads(first)) ? [first, second] : [second, first]
  await leader.end()
  const since = performance.now()
  const browser = await loggedIn(BOB, other)
  await becomes(browser, 'ready')
  t.log(`a desktop is ready ${Math.round(performance.now() - since)} ms after the other one's end`)
  t.pass()
  const options = { env: { DESKFLEET_STARTING_AT_ONCE: '1' }, desktops: { atMost: 3 } }
  const again = await ownGateway(lab, 'desktops-3', options)
  if (leader === first) first = again
  else second = again
})

test.serial(
  'administrators see who is on and where, send a message, stop a desktop; the person is told by whom',
  async (t) => {
    const { browser, bridge } = await desk(t, ADA)
    const root = await loggedIn(ROOT, second)
    await eventually('ada is shown', async () =>
      /people\/dk-ada/.test((await root.get('/administration')).text),
    )
    const page = (await root.get('/administration')).text
    t.regex(page, /dk-pc/)
    t.regex(page, /in \d+ minutes, if idle/)
    t.is(
      (await root.post(`/administration/people/${ADA}/message`, { text: 'Lunch <now>' })).headers.location,
      `/administration/people/${ADA}?done=sent`,
    )
    t.deepEqual(bridge.said, ['Lunch <now>'])
    await root.post(`/administration/people/${ADA}/stop`, {})
    await becomes(browser, 'off')
    t.regex((await browser.get('/desktop')).text, /An administrator stopped it/)
  },
)

test.serial('nobody gets a template that is not meant for them', async (t) => {
  const browser = await loggedIn(ADA)
  await browser.post('/desktop/stop', {})
  await becomes(browser, 'off')
  t.is(TEMPLATES[1]?.groups[0], 'administrators')
  t.is((await browser.post('/desktop/start', { template: 'light' })).status, 400)
  t.is((await browser.post('/desktop/start', { template: 'office' })).status, 303)
  const root = await loggedIn(ROOT)
  t.is((await root.post('/desktop/start', { template: 'light' })).status, 303)
})

test.serial('before a PC is emptied its people are told on their desktops, once for each time', async (t) => {
  const { browser, bridge } = await desk(t, ADA)
  const moves = (operation: string) => {
    const at = new Date(Date.now() + 90_000).toISOString()
    return must(lab, [
      ...['annotate', '--overwrite', 'node', pc.name],
      ...[`${MOVES_FOR}=${operation}`, `${MOVES_AT}=${at}`],
    ])
  }
  const heard = () => bridge.said.filter((text) => /Your desktop moves to another PC in 1 minute/.test(text))
  const notices = async () => (await browser.get('/desktop/notices')).text
  t.notRegex(await notices(), /about to move/)
  await moves('replace-41')
  await eventually('ada is told', async () => heard().length === 1)
  t.is((await deploymentOf(lab, ADA)).metadata.annotations[TOLD_MOVE], 'replace-41')
  t.regex(await notices(), /Your desktop is about to move to another PC/)
  // Nothing but the time changes: both replicas see it, and neither speaks again.
  await moves('replace-41')
  await bridge.idle(5)
  t.is(heard().length, 1)
  await moves('replace-42')
  await eventually('ada is told of another time', async () => heard().length === 2)
  await must(lab, ['annotate', 'node', pc.name, `${MOVES_FOR}-`, `${MOVES_AT}-`])
  await eventually('nothing more is said on the page', async () => !/about to move/.test(await notices()))
})
