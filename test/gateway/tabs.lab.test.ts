import test, { type ExecutionContext } from 'ava'
import type { BrowserContext, Browser as Chromium, Page } from 'playwright-core'
import { NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { administrator, must, sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { type OwnGateway, ownGateway, ports, TEMPLATES } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { type RealBridge, realBridge } from './real-bridge.ts'
import { clear, homes, onlyOf, podsOf } from './room.ts'
import { screen } from './screen-client.ts'
import { startXvnc, type Xvnc } from './xvnc.ts'

/** Many tabs of one browser: a real one, which keeps six lasting requests to a server and lets the seventh wait. */

let lab: BareLab
let gateway: OwnGateway
let pc: PretendPc
let xvnc: Xvnc
let bridge: RealBridge
let browser: Chromium
let ada: BrowserContext
let tabs: Page[] = []
const [ADA, BOB] = ['tab-ada', 'tab-bob']
const TABS = 12

/** The streams of a page that are open now. */
const streams = new Map<Page, number>()
const open = (): Page[] =>
  [...streams].flatMap(([page, many]) => (many > 0 && !page.isClosed() ? [page] : []))

test.before(async (t) => {
  t.timeout(900_000, 'the first time, a browser is unpacked')
  lab = await sharedLab()
  await clear(lab)
  for (const slug of [ADA, BOB]) {
    await homes(lab, slug)
    await person(lab, slug)
  }
  pc = await pretendPc(lab, 'pc-18', onlyOf(ADA))
  gateway = await ownGateway(lab, 'tabs', { templates: TEMPLATES })
  xvnc = await startXvnc([])
  browser = await launchBrowser('localhost', Number(new URL(gateway.origin).port), t.log)
})

test.after.always(async () => {
  await browser?.close()
  await xvnc?.end()
  bridge?.end()
  await Promise.all([gateway?.end(), pc?.end()])
  await clear(lab)
})

const isStream = (address: string): boolean => new URL(address).pathname === '/desktop/events'

async function tab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  const count = (by: number) => (request: { url(): string }) => {
    if (isStream(request.url())) streams.set(page, (streams.get(page) ?? 0) + by)
  }
  page.on('request', count(1))
  page.on('requestfinished', count(-1))
  page.on('requestfailed', count(-1))
  return page
}

async function logIn(at: Page, login: string): Promise<void> {
  await at.fill('#login', login)
  await at.fill('#password', PASSWORD)
  await at.press('#password', 'Enter')
  await at.waitForURL('**/desktop')
}

const says = (text: RegExp, at: Page, timeout = 30_000) =>
  at.locator('h1', { hasText: text }).waitFor({ timeout })
const allSay = (text: RegExp, pages: readonly Page[]) => Promise.all(pages.map((page) => says(text, page)))
const picture = (at: Page) => at.locator('#overlay').waitFor({ state: 'hidden', timeout: 30_000 })

/** The pod goes, and its successor comes no further than to its image. */
async function fall(): Promise<void> {
  pc.reach('image')
  await must(lab, ['delete', 'pods', '-n', NAMESPACES.desktops, '--wait=false', ...(await podsOf(lab, ADA))])
}

async function comesBack(): Promise<void> {
  await bridge.restart()
  ports.set(ADA, bridge.port())
  pc.reach('ready')
}

/** Another state is told to all of these, and then the desktop is back. */
async function hearAll(t: ExecutionContext, pages: readonly Page[]): Promise<void> {
  await fall()
  await allSay(/coming|moves/, pages)
  await comesBack()
  await Promise.all(
    pages.map((page) => page.locator('h1', { hasText: /coming|moves/ }).waitFor({ state: 'hidden' })),
  )
  await eventually('one of them holds the stream', async () => open().length === 1)
  t.pass()
}

test.serial('twelve tabs load, and files in the first one work', async (t) => {
  t.timeout(180_000)
  ada = await browser.newContext()
  const first = await tab(ada)
  await first.goto(`${gateway.origin}/login`)
  await logIn(first, ADA)
  await eventually('a pod is there', async () => (await podsOf(lab, ADA)).length === 1)
  bridge = await realBridge(administrator(lab), ADA, xvnc.socket)
  ports.set(ADA, bridge.port())
  await picture(first)
  tabs = [first]
  while (tabs.length < TABS) {
    const next = await tab(ada)
    await next.goto(`${gateway.origin}/desktop`, { timeout: 15_000 })
    await picture(next)
    tabs.push(next)
  }
  await allSay(/open somewhere else/, tabs.slice(0, -1))
  await first.click('#files')
  await first.locator('#files-list a', { hasText: 'hello.txt' }).waitFor({ timeout: 10_000 })
  await first.keyboard.press('Escape')
  await first.click('#act')
  await picture(first)
  await allSay(/open somewhere else/, tabs.slice(1))
  t.is(bridge.viewers(), 1)
  await eventually('all of them have one stream', async () => open().length === 1)
})

test.serial('what becomes of the desktop reaches every tab', async (t) => {
  t.timeout(120_000)
  await hearAll(t, tabs)
})

test.serial('the tab that holds the stream is closed: another takes it, and all hear by that', async (t) => {
  t.timeout(120_000)
  const [holds] = open()
  await holds?.close()
  tabs = tabs.filter((one) => one !== holds)
  t.is(tabs.length, TABS - 1)
  await hearAll(t, tabs)
})

/** As the browser says it: it freezes no tab in front, and under a test's control all are. */
const lifecycle = (page: Page, event: 'freeze' | 'resume') =>
  page.evaluate(`document.dispatchEvent(new Event('${event}'))`)

test.serial(
  'the tab that holds the stream is frozen: another takes it, and this one hears what it missed',
  async (t) => {
    t.timeout(120_000)
    const [holds] = open()
    if (!holds) return t.fail()
    await lifecycle(holds, 'freeze')
    await hearAll(
      t,
      tabs.filter((one) => one !== holds),
    )
    t.true(open()[0] !== holds)
    await lifecycle(holds, 'resume')
    await holds.locator('h1', { hasText: /coming|moves/ }).waitFor({ state: 'hidden' })
  },
)

/** As the browser says it of a tab behind another one: under a test's control all seem to be in front. */
const behind = (page: Page, is: boolean) =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${is}, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))`)

test.serial('the tab that comes to the front holds the stream; one behind it takes no screen', async (t) => {
  t.timeout(120_000)
  for (const page of tabs) await behind(page, true)
  const [front, other] = tabs.filter((page) => !open().includes(page))
  if (!front || !other) return t.fail()
  await behind(front, false)
  await eventually('it holds the stream', async () => open().length === 1 && open()[0] === front)
  const later = await tab(ada)
  await later.addInitScript(`Object.defineProperty(document, 'hidden', { value: true, configurable: true })`)
  await later.goto(`${gateway.origin}/desktop`)
  await hearAll(t, [...tabs, later])
  t.true(open()[0] === front)
  t.is(await later.locator('#screen canvas').count(), 0)
  await behind(later, false)
  await picture(later)
  await later.close()
  for (const page of tabs) await behind(page, false)
})

test.serial('a browser without locks has a stream for each tab that is seen', async (t) => {
  const old = await browser.newContext()
  await old.addInitScript(`Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })`)
  const page = await tab(old)
  await page.goto(`${gateway.origin}/login`)
  await logIn(page, ADA)
  await picture(page)
  const streamsOf = () => streams.get(page)
  await eventually('it has its own', async () => streamsOf() === 1)
  await behind(page, true)
  await eventually('none while it is not seen', async () => streamsOf() === 0)
  await behind(page, false)
  await eventually('and again', async () => streamsOf() === 1)
  await old.close()
  t.pass()
})

test.serial('a log-out in one tab ends all, and leaves nothing of the person in any', async (t) => {
  t.timeout(120_000)
  const [first, ...others] = tabs
  if (!first) return t.fail()
  const last = others.at(-1)
  await last?.click('#files')
  await last?.locator('#files-list a', { hasText: 'hello.txt' }).waitFor()
  await first.click('text=Log out')
  await first.waitForURL('**/login?after=out')
  await allSay(/logged out|ended/i, others)
  t.is(await last?.locator('#files-list li').count(), 0)
  t.false(await last?.locator('#files-panel').isVisible())
  await eventually('no stream is left', async () => open().length === 0)
})

test.serial('somebody else logs in in another tab: a page shows one person’s alone', async (t) => {
  t.timeout(120_000)
  const shared = await browser.newContext()
  const [adas, bobs] = [await tab(shared), await tab(shared)]
  for (const page of [adas, bobs]) await page.goto(`${gateway.origin}/login`)
  await logIn(adas, ADA)
  await picture(adas)
  const markOf = async (page: Page) => (await page.locator('#desk').getAttribute('data-session')) ?? ''
  const marks = { ada: await markOf(adas), bob: '' }
  await logIn(bobs, BOB)
  await says(/full|coming/i, bobs)
  marks.bob = await markOf(bobs)
  await says(/logged out/, adas)
  const cookie = (await shared.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
  const status = async (path: string, mark: string): Promise<number> => {
    const to = `${path}?session=${mark}`
    if (path !== '/screen')
      return bobs.evaluate(`fetch('${to}', { headers: { Accept: 'application/json' } }).then((answer) => {
        void answer.body?.cancel()
        return answer.status
      })`)
    const answer = await screen(gateway.origin, { cookie }, { path: to })
    return 'status' in answer ? answer.status : 101
  }
  for (const [path, own] of [
    ['/desktop/events', 200],
    ['/desktop/files', 502],
    ['/screen', 409],
  ] as const) {
    t.is(await status(path, marks.bob), own, path)
    t.is(await status(path, marks.ada), 401, path)
  }
  t.notRegex(await adas.content(), new RegExp(marks.bob))
  await shared.close()
})
