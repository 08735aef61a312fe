import { randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { NAMESPACES } from '../../config/names.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { DOOR_HOST, openDoor } from '../../lab/delivery/deliver.ts'
import type { Room } from '../../lab/room/room.ts'
import { addPerson, must } from '../delivery/person.ts'
import { pcBecomes, sharedRoom } from '../harness/room.ts'
import { card, enter, interrupted, keepScreen, picture } from '../harness/visitor.ts'
import { becomes, eventually } from '../harness/wait.ts'
import { inDesktop, inDesktops, passwordIn, runningPod, seconds } from './desktop-pod.ts'

/** Somebody new in each run: a room that stays up may be tested again. */
const LOGIN = `hopper-${randomBytes(2).toString('hex')}`
let room: Room
let browser: Browser
let context: BrowserContext
let page: Page
let password = ''

const pod = () => runningPod(room, LOGIN)
const inIt = (line: string) => inDesktop(room, LOGIN, line)

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  password = passwordIn(await addPerson(room, LOGIN))
  browser = await launchBrowser(DOOR_HOST, await openDoor(room), t.log)
  context = await browser.newContext({ viewport: { width: 1280, height: 860 } })
})

test.after.always(async () => {
  await browser?.close()
})

test.serial('a person logs in at the door and is at their desktop', async (t) => {
  t.timeout(300_000)
  const began = performance.now()
  page = await enter(context, LOGIN, password, 'light')
  await keepScreen(page, 'progress')
  await picture(page)
  t.log(`login to first picture: ${seconds(performance.now() - began)}`)
  await keepScreen(page, 'desktop')
  t.regex(page.url(), new RegExp(`^https://${DOOR_HOST}/desktop`))
})

test.serial('a terminal of theirs says who they are, as LDAP does', async (t) => {
  t.timeout(180_000)
  const type = async (): Promise<string> => {
    await page.keyboard.press('Control+Alt+t')
    await page.waitForTimeout(4_000)
    await page.keyboard.type('id >~/who; touch ~/proof; id\n', { delay: 25 })
    await page.waitForTimeout(1_500)
    return (await inIt('cat ~/who')) === '' ? 'nothing' : 'typed'
  }
  await becomes('what the terminal did', type, 'typed', { seconds: 120 })
  await keepScreen(page, 'terminal')
  const [uid = '', gid = ''] = (
    await must(room, ['get', 'identity', LOGIN, '-o', 'jsonpath={.spec.uid} {.spec.gid}'])
  ).split(' ')
  t.is(await inIt('cat ~/who'), `uid=${uid}(${LOGIN}) gid=${gid}(people) groups=${gid}(people)`)
  t.is(await inIt('stat -c %u ~/proof'), uid)
})

test.serial(
  'the pod is deleted under the open tab: the same tab is back by itself, with the same files',
  async (t) => {
    t.timeout(180_000)
    const before = await pod()
    await must(room, ['delete', 'pod', before.name, ...inDesktops, '--wait=false'])
    const began = performance.now()
    await card(page)
    await keepScreen(page, 'moving')
    await picture(page)
    t.log(`back after ${seconds(performance.now() - began)}`)
    t.not((await pod()).name, before.name)
    t.is(await inIt('ls ~/proof >/dev/null && echo there'), 'there')
  },
)

test.serial('a gateway is killed: the tab comes back, the desktop is untouched', async (t) => {
  t.timeout(180_000)
  const before = await pod()
  const gateways = async (field: string): Promise<string[]> => {
    const pods = ['pods', '-n', NAMESPACES.system, '-l', 'app.kubernetes.io/name=gateway']
    return (await must(room, ['get', ...pods, '-o', `jsonpath={.items[*]${field}}`])).split(' ')
  }
  const starts = async (): Promise<number> =>
    (await gateways('.status.containerStatuses[0].restartCount')).reduce((sum, one) => sum + Number(one), 0)
  // Each when the other one is back: one of them carries the tab. The kubelet would be gentle, so it is not asked.
  const back = interrupted(page).then(
    async () => seconds(await picture(page)),
    (error: Error) => error,
  )
  for (const pc of await gateways('.spec.nodeName')) {
    const startsBefore = await starts()
    await room.machine.must(['podman', 'exec', pc, 'pkill', '-KILL', '-f', 'gateway/main'])
    await eventually('another gateway has started', async () => (await starts()) > startsBefore)
    const status = ['rollout', 'status', 'deployment/gateway', '-n', NAMESPACES.system, '--timeout=60s']
    await must(room, status)
  }
  const gone = await back
  if (gone instanceof Error) throw gone
  t.log(`the picture is back ${gone} after it went`)
  await picture(page)
  t.is((await pod()).name, before.name)
})

test.serial('a second browser takes over, and the first one says so', async (t) => {
  t.timeout(180_000)
  const other = await browser.newContext({
    viewport: { width: 420, height: 800 },
    colorScheme: 'dark',
  })
  const second = await enter(other, LOGIN, password)
  await picture(second)
  t.regex(await card(page), /somewhere else/)
  await keepScreen(page, 'taken')
  await keepScreen(second, 'narrow-dark')
  await page.click('#act')
  await picture(page)
  t.regex(await card(second), /somewhere else/)
  await other.close()
})

test.serial('the master that holds the door’s address loses power: the page is back', async (t) => {
  t.timeout(300_000)
  // After a death before, the address may just be on its way.
  await eventually('a PC holds the address', doorHolder)
  const holder = await doorHolder()
  t.not(holder, '')
  await room.pc.off(holder)
  const began = performance.now()
  // Nobody's: a login page of theirs would lead on to the desktop, and take it over.
  const stranger = await browser.newContext()
  try {
    const answers = async (): Promise<string> => {
      const fresh = await stranger.newPage()
      try {
        const answer = await fresh.goto(`https://${DOOR_HOST}/login`, { timeout: 2_000 })
        return String(answer?.ok() ?? false)
      } catch {
        return 'silent'
      } finally {
        await fresh.close()
      }
    }
    await becomes('whether the door answers', answers, 'true', { seconds: 60 })
    t.log(`${holder} off: a page again after ${seconds(performance.now() - began)}`)
    await picture(page)
    t.log(`the open tab shows its desktop after ${seconds(performance.now() - began)}`)
  } finally {
    await stranger.close()
    await room.pc.on(holder)
    await pcBecomes(room, holder, 'True')
  }
})

/** The PC that has the room's address on one of its interfaces. */
async function doorHolder(): Promise<string> {
  for (const pc of room.pcs) {
    const { stdout } = await room.machine.exec([
      'podman',
      'exec',
      pc.name,
      'ip',
      '-o',
      '-4',
      'address',
      'show',
      'to',
      '10.90.0.100',
    ])
    if (stdout !== '') return pc.name
  }
  return ''
}
