import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { Browser as Chromium, Page } from 'playwright-core'
import { NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { eventually, must, sharedLab } from '../main-job/lab.ts'
import { type OwnGateway, ownGateway, ports, TEMPLATES } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { type RealBridge, realBridge } from './real-bridge.ts'
import { administrator, clear, homes, onlyOf, podsOf } from './room.ts'
import { startXvnc, type Xvnc } from './xvnc.ts'

/** The pages in a real browser, with the real bridge and a real Xvnc behind them. Pictures of every page are kept in `.test/gateway/`. */

const PICTURES = join(import.meta.dirname, '../../.test/gateway')

let lab: BareLab
let gateway: OwnGateway
let pc: PretendPc
let xvnc: Xvnc
let bridge: RealBridge
let browser: Chromium
let page: Page
const errors: string[] = []
const GRACE = 'br-grace'

test.before(async (t) => {
  t.timeout(900_000, 'the first time, a browser is unpacked')
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, GRACE)
  await person(lab, GRACE, ['administrators'], 'Grace Hopper')
  mkdirSync(PICTURES, { recursive: true })
  pc = await pretendPc(administrator(lab), 'pc-17', onlyOf(GRACE))
  pc.room(0)
  gateway = await ownGateway(lab, 'browser', { templates: TEMPLATES })
  xvnc = await startXvnc([['xterm', '-geometry', '90x24+60+60', '-fa', 'DejaVu Sans Mono', '-fs', '12']])
  browser = await launchBrowser('localhost', Number(new URL(gateway.origin).port), t.log)
  page = await newPage()
})

test.after.always(async () => {
  await browser?.close()
  xvnc?.end()
  bridge?.end()
  await Promise.all([gateway?.end(), pc?.end()])
  await clear(lab)
})

async function newPage(javaScriptEnabled = true): Promise<Page> {
  const context = await browser.newContext({
    javaScriptEnabled,
    viewport: { width: 1280, height: 800 },
  })
  const made = await context.newPage()
  made.on('console', (line) => {
    if (line.type() === 'error' && !/status of 4\d\d/.test(line.text())) errors.push(line.text())
  })
  made.on('pageerror', (error) => errors.push(error.message))
  return made
}

/** Light and dark, wide and narrow. */
async function pictures(name: string, of = page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [shape, width] of [
      ['wide', 1280],
      ['narrow', 390],
    ] as const) {
      await of.emulateMedia({ colorScheme })
      await of.setViewportSize({ width, height: 800 })
      await of.waitForTimeout(250)
      await of.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${shape}.png`) })
      const wider = await of.evaluate('document.documentElement.scrollWidth > innerWidth')
      if (wider) errors.push(`${name} is wider than a window of ${width}`)
    }
  await of.emulateMedia({ colorScheme: 'light' })
  await of.setViewportSize({ width: 1280, height: 800 })
}

async function logIn(at: Page): Promise<void> {
  await at.goto(`${gateway.origin}/login`)
  await at.fill('#login', GRACE)
  await at.fill('#password', PASSWORD)
  await at.press('#password', 'Enter')
  await at.waitForURL('**/desktop')
}

const title = (text: RegExp, at = page) => at.locator('h1', { hasText: text }).waitFor({ timeout: 60_000 })
const picture = (at = page) => at.locator('#veil').waitFor({ state: 'hidden', timeout: 60_000 })

test.serial(
  'login, choice, the full room, progress: every page by keyboard alone, with nothing wrong in the console',
  async (t) => {
    await page.goto(gateway.origin)
    await pictures('login')
    await page.fill('#login', GRACE)
    await page.fill('#password', 'not the password')
    await page.press('#password', 'Enter')
    await page.locator('[role=alert]').waitFor()
    await pictures('login-refused')
    await logIn(page)
    await title(/off/)
    await pictures('choose')
    await page.goto(`${gateway.origin}/password`)
    await pictures('password')
    await page.goto(`${gateway.origin}/desktop`)
    await page.focus('input[value=office]')
    await page.keyboard.press('Enter')
    await title(/room is full/)
    await pictures('full')
    pc.reach('image')
    pc.room(100)
    await title(/is coming/)
    await pictures('progress')
    t.deepEqual(errors, [])
  },
)

test.serial('without a script the same pages lead on by themselves', async (t) => {
  const plain = await newPage(false)
  await logIn(plain)
  await title(/is coming/, plain)
  t.is(await plain.locator('meta[http-equiv=refresh]').count(), 1)
  await plain.context().close()
})

test.serial('the desktop appears by itself, and keys reach a real terminal', async (t) => {
  bridge = await realBridge(administrator(lab), GRACE, xvnc.socket)
  ports.set(GRACE, bridge.port())
  const since = performance.now()
  pc.reach('ready')
  await picture()
  t.log(`from ready to the first picture: ${Math.round(performance.now() - since)} ms`)
  await page.waitForTimeout(500)
  await page.mouse.click(300, 300)
  // The terminal is of another Debian, which sees the machine's /tmp.
  const file = join(tmpdir(), `deskfleet-typed-${process.pid}`)
  await page.keyboard.type(`touch ${file}\n`)
  await eventually('the terminal did it', async () => existsSync(file))
  rmSync(file)
  await pictures('desktop')
  for (const panel of ['clip', 'files', 'restart']) {
    await page.click(`#${panel}`)
    await pictures(panel)
    await page.keyboard.press('Escape')
    // The keys are the desktop's again. Waited for: the next step's focus must not be taken away by this one.
    await page.locator('#screen canvas:focus').waitFor()
  }
  t.deepEqual(errors, [])
})

test.serial('the chord leads out of the screen to the bar; the bar folds away and comes back', async (t) => {
  await page.mouse.click(300, 300)
  await page.keyboard.press('Control+Alt+Shift+KeyB')
  t.is(await page.evaluate('document.activeElement.id'), 'full')
  await page.click('#hide')
  t.false(await page.locator('#tools').isVisible())
  await page.click('#show')
  t.true(await page.locator('#tools').isVisible())
})

test.serial('files go up and down through the page', async (t) => {
  await page.click('#files')
  await page.setInputFiles('#files-send', {
    name: 'Über uns.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('hello'),
  })
  await page.locator('#files-news', { hasText: 'Über uns.txt is there.' }).waitFor()
  t.is(readFileSync(join(bridge.home, 'Über uns.txt'), 'utf8'), 'hello')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.click('#files-list >> text=Über uns.txt'),
  ])
  t.is(download.suggestedFilename(), 'Über uns.txt')
  await page.keyboard.press('Escape')
})

test.serial(
  'what is copied on the desktop comes to the page, and what is given there can be pasted',
  async (t) => {
    await xvnc.copy('from the desktop: Grüße')
    const shown = () => page.inputValue('#clip-text')
    await eventually('the page has it', async () => (await shown()) === 'from the desktop: Grüße')
    await page.click('#clip')
    await page.fill('#clip-text', 'from the page: ça va')
    await page.click('#clip-send')
    await eventually('the desktop has it', async () => (await xvnc.pasted()) === 'from the page: ça va')
    t.pass()
  },
)

test.serial('a second browser takes over; the first one says so, and takes it back', async (t) => {
  const other = await newPage()
  await logIn(other)
  await picture(other)
  await title(/open somewhere else/)
  await pictures('taken')
  await page.click('#act')
  await picture()
  await title(/open somewhere else/, other)
  await other.context().close()
  t.is(bridge.viewers(), 1)
})

test.serial('the pod goes under an open tab: the same tab is back by itself', async (t) => {
  const [pod = ''] = await podsOf(lab, GRACE)
  const since = performance.now()
  await must(lab, ['delete', 'pod', pod, '-n', NAMESPACES.desktops, '--wait=false'])
  await bridge.restart()
  ports.set(GRACE, bridge.port())
  await page.locator('#veil').waitFor({ state: 'visible' })
  await eventually('another pod is there', async () =>
    (await podsOf(lab, GRACE)).some((name) => name !== pod),
  )
  await picture()
  t.log(`back after ${Math.round(performance.now() - since)} ms`)
  t.pass()
})

test.serial('the gateway goes and comes back: the tab is back, the desktop untouched', async (t) => {
  const pods = await podsOf(lab, GRACE)
  const { port } = new URL(gateway.origin)
  const other = await ownGateway(lab, 'browser-2')
  await gateway.end()
  gateway = await ownGateway(lab, 'browser', { env: { DESKFLEET_LISTEN: `127.0.0.1:${port}` } })
  const since = performance.now()
  await eventually('a viewer is there', async () => bridge.viewers() === 1)
  await picture()
  t.log(`back ${Math.round(performance.now() - since)} ms after the gateway`)
  t.deepEqual(await podsOf(lab, GRACE), pods)
  await other.end()
})

test.serial('a tab that saw it go off leaves the screen to whoever switches it on again', async (t) => {
  const other = await newPage()
  await logIn(other)
  await picture(other)
  await page.click('#act')
  await picture()
  await other.goto(`${gateway.origin}/administration/people/${GRACE}`)
  await other.click('form[action$="/stop"] button')
  await title(/off/)
  await other.goto(`${gateway.origin}/desktop`)
  await other.focus('input[value=office]')
  await other.keyboard.press('Enter')
  await eventually('a pod is there', async () => (await podsOf(lab, GRACE)).length === 1)
  // Each start has secrets of its own.
  await bridge.restart()
  ports.set(GRACE, bridge.port())
  await picture(other)
  await title(/on again/)
  await pictures('again')
  t.is(bridge.viewers(), 1)
  t.true(await other.locator('#veil').isHidden())
  await page.click('#act')
  await picture()
  await title(/open somewhere else/, other)
  await other.context().close()
})

test.serial('the administrator’s pages, problems, disconnecting and logging out', async (t) => {
  const admin = await newPage()
  await logIn(admin)
  await admin.goto(`${gateway.origin}/administration`)
  await pictures('administration', admin)
  await admin.goto(`${gateway.origin}/administration/people/${GRACE}`)
  await pictures('administration-person', admin)
  await admin.goto(`${gateway.origin}/nowhere`)
  await pictures('problem', admin)
  await admin.goto(`${gateway.origin}/desktop`)
  await picture(admin)
  await admin.click('#away')
  await title(/Disconnected/, admin)
  await pictures('disconnected', admin)
  await admin.click('text=Log out')
  await admin.waitForURL('**/login?after=out')
  await pictures('logged-out', admin)
  t.deepEqual(
    errors.filter((text) => !/Failed when connecting|Connection closed|WebSocket connection|ERR_/.test(text)),
    [],
  )
})
