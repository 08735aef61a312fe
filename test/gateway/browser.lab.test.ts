import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import axe from 'axe-core'
import type { Browser as Chromium, Page } from 'playwright-core'
import { CLIPBOARD } from '../../config/clipboard.ts'
import { NAMESPACES } from '../../config/names.ts'
import { screenPixels } from '../../config/screen-size.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { launchBrowser } from '../../lab/browser/browser.ts'
import { administrator, must, sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { type OwnGateway, ownGateway, ports, TEMPLATES } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { type PretendPc, pretendPc } from './pretend-pc.ts'
import { type RealBridge, realBridge } from './real-bridge.ts'
import { clear, homes, onlyOf, podsOf } from './room.ts'
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
/** Of each run another one: their password changes. */
const FORGETFUL = `br-ada-${Date.now().toString(36)}`

test.before(async (t) => {
  t.timeout(900_000, 'the first time, a browser is unpacked')
  lab = await sharedLab()
  await clear(lab)
  await homes(lab, GRACE)
  await person(lab, GRACE, ['administrators', 'helpers'], 'Grace Hopper')
  await person(lab, FORGETFUL)
  mkdirSync(PICTURES, { recursive: true })
  pc = await pretendPc(lab, 'pc-17', onlyOf(GRACE))
  pc.room(0)
  gateway = await ownGateway(lab, 'browser', { templates: TEMPLATES })
  xvnc = await startXvnc([['xterm', '-geometry', '90x24+60+60', '-fa', 'DejaVu Sans Mono', '-fs', '12']])
  browser = await launchBrowser('localhost', Number(new URL(gateway.origin).port), t.log)
  page = await newPage()
})

test.after.always(async () => {
  await browser?.close()
  await xvnc?.end()
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

/** What axe-core finds wrong with the page as it stands, by all its rules. */
async function unfit(of: Page): Promise<string[]> {
  await of.evaluate(axe.source)
  const { violations } = await of.evaluate<axe.AxeResults>('axe.run(document)')
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} (${help}): ${target}`))
}

/** Light and dark, wide and narrow: as pictures, and fit to be used without seeing or a mouse. */
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
      for (const fault of await unfit(of)) errors.push(`${name}, ${colorScheme}, ${shape}: ${fault}`)
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
const picture = (at = page) => at.locator('#overlay').waitFor({ state: 'hidden', timeout: 60_000 })

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

test.serial(
  'the key combination moves the focus from the screen to the toolbar, which can be hidden and shown',
  async (t) => {
    await page.mouse.click(300, 300)
    await page.keyboard.press('Control+Alt+Shift+KeyB')
    t.is(await page.evaluate('document.activeElement.id'), 'full')
    await page.click('#hide')
    t.false(await page.locator('#tools').isVisible())
    await page.click('#show')
    t.true(await page.locator('#tools').isVisible())
  },
)

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
  'names that are no text, of two lines, with a backslash: seen, opened and fetched as any other',
  async (t) => {
    const place = (text: string) =>
      Buffer.concat([Buffer.from(`${bridge.home}/`), Buffer.from(text, 'latin1')])
    mkdirSync(place('caf\xe9'))
    const names = ['caf\xe9/men\xfc.txt', 'caf\xe9/two\nlines.txt', 'caf\xe9/back\\slash.txt']
    for (const name of names) writeFileSync(place(name), name)
    await page.click('#files')
    await page.click('#files-list button >> text=caf\\xE9')
    for (const shown of ['men\\xFC.txt', 'two\\x0Alines.txt', 'back\\slash.txt']) {
      const link = page.locator('#files-list a', { hasText: shown })
      const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
      t.regex(download.suggestedFilename(), /^(men.xFC|two.x0Alines|back.slash)\.txt$/)
      t.is(await download.failure(), null)
    }
    await pictures('files-odd')
    await page.setInputFiles('#files-send', {
      name: 'it’s 100% #1.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('sent'),
    })
    await page.locator('#files-news', { hasText: 'is there.' }).waitFor()
    t.is(readFileSync(Buffer.concat([place('caf\xe9/'), Buffer.from('it’s 100% #1.txt')]), 'utf8'), 'sent')
    await page.click('#files-up')
    await page.locator('#files-list button', { hasText: 'caf' }).waitFor()
    await page.keyboard.press('Escape')
  },
)

/** Drops files of this machine on the page, as a file manager does. */
async function drop(files: readonly string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  const data = { items: [], files: [...files], dragOperationsMask: 1 }
  const { x = 0, y = 0 } = (await page.locator('#files-list').boundingBox()) ?? {}
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, x: x + 5, y: y + 5, data })
  await devtools.detach()
}

test.serial(
  'of several things that are dropped each has a line, a folder and one that is there, too',
  async (t) => {
    // Of the machine's files the browser sees those in /tmp alone.
    const folder = mkdtempSync(join(tmpdir(), 'deskfleet-drop-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'Photos'))
    writeFileSync(join(folder, 'Photos', 'one.jpg'), 'x')
    for (const name of ['hello.txt', 'new.txt']) writeFileSync(join(folder, name), 'sent')
    await page.click('#files')
    await page.locator('#files-list a', { hasText: 'hello.txt' }).waitFor()
    await drop(['new.txt', 'Photos', 'hello.txt'].map((name) => join(folder, name)))
    await page.locator('#files-news p', { hasText: 'hello.txt is there already' }).waitFor()
    await page.locator('#files-list a', { hasText: 'new.txt' }).waitFor()
    t.deepEqual(
      (await page.locator('#files-news p').allTextContents()).map(
        (text) => text.split(/[.:,]? (?=Rename|and only)/)[0],
      ),
      ['new.txt is there.', 'Photos is a folder', 'hello.txt is there already'],
    )
    t.is(readFileSync(join(bridge.home, 'hello.txt'), 'utf8'), 'hello\n')
    await pictures('files-sent')
    await page.click('#files-list button >> text=Documents')
    await page.locator('#files-about', { hasText: 'empty' }).waitFor()
    t.is(await page.locator('#files-news p').count(), 0, 'what is over is gone in the next folder')
    await page.keyboard.press('Escape')
  },
)

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

test.serial(
  'a window of 9000×6000 gets as large a screen as the desktop’s memory holds, asked for once; then a small one',
  async (t) => {
    t.timeout(120_000)
    const other = await newPage()
    const sizes: number[][] = []
    other.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        if (typeof payload !== 'string' && payload[0] === 251)
          sizes.push([payload.readUInt16BE(2), payload.readUInt16BE(4)])
      }),
    )
    await logIn(other)
    await picture(other)
    const size = async (): Promise<number[]> =>
      other.evaluate(`(({ width, height }) => [width, height])(document.querySelector('#screen canvas'))`)
    const bar = 800 - ((await size())[1] ?? 0)
    await other.setViewportSize({ width: 9_000, height: 6_000 + bar })
    await eventually('the screen is larger', async () => (await size())[0] !== 1_280)
    const [width = 0, height = 0] = await size()
    const most = screenPixels('2Gi')
    t.true(width * height <= most && width * height > 0.99 * most, `${width}x${height}`)
    t.true(Math.abs(width / height - 1.5) < 0.01, `${width}x${height}`)
    await other.waitForTimeout(1_000)
    // On a busy machine it still asks for the size of before, which it has already.
    t.deepEqual(
      sizes.filter(([asked]) => asked !== 1_280),
      [[width, height]],
    )
    const shown = await other.locator('#screen canvas').boundingBox()
    t.true((shown?.width ?? 0) > 8_900, 'it fills the window all the same')
    await other.setViewportSize({ width: 1_000, height: 700 })
    await eventually('the screen is small again', async () => (await size())[0] === 1_000)
    await other.context().close()
    await page.click('#act')
    await picture()
  },
)

/** So many bytes as RFB counts them, of which hardly any can be spared. */
const long = (bytes: number): string => {
  const half = randomBytes(bytes)
    .toString('base64')
    .slice(0, bytes - 4)
  return `${half}\nü`
}

test.serial(
  'a clipboard of 256 KiB and the longest one arrive on the desktop whole; a longer one is refused aloud',
  async (t) => {
    t.timeout(120_000)
    for (const text of ['x'.repeat(262_144), long(CLIPBOARD.longest - 1)]) {
      await page.click('#clip')
      await page.fill('#clip-text', text)
      await page.click('#clip-send')
      await page.locator('#clip-panel').waitFor({ state: 'hidden' })
      await eventually('the desktop has it', async () => (await xvnc.pasted()) === text)
    }
    await page.click('#clip')
    await page.fill('#clip-text', 'y'.repeat(CLIPBOARD.longest))
    await page.click('#clip-send')
    await page.locator('#clip-said', { hasText: /too long: the clipboard takes 1 MB at most/ }).waitFor()
    await pictures('clip-long')
    await page.keyboard.press('Escape')
    // The text before is by chance, and may begin with one.
    t.notRegex((await xvnc.pasted()).slice(0, 10), /^y+$/)
  },
)

test.serial(
  'what is copied on the desktop comes whole or is said not to come, whichever way its program hands it over',
  async (t) => {
    t.timeout(120_000)
    const shown = () => page.inputValue('#clip-text')
    const text = 'z'.repeat(4_000)
    await xvnc.copy(text)
    await eventually('the page has it', async () => (await shown()) === text)
    // What is long, programs hand over in pieces (this one from 4,000 bytes on, GTK's from 256 KiB), and Xvnc takes none.
    await xvnc.copy('b'.repeat(262_144))
    await page.locator('#notice', { hasText: /did not come here/ }).waitFor()
    await pictures('clip-lost')
    t.is(await shown(), text)
    await page.click('#notice-close')
    t.false(await page.locator('#notice').isVisible())
    await xvnc.copy('c'.repeat(262_144))
    await page.locator('#notice').waitFor()
    await xvnc.copy('short again')
    await eventually('the page has it', async () => (await shown()) === 'short again')
    t.false(await page.locator('#notice').isVisible())
  },
)

test.serial(
  'what is only marked stays where it is: neither the page’s text nor the desktop’s is overwritten',
  async (t) => {
    await xvnc.copy('copied')
    const shown = () => page.inputValue('#clip-text')
    await eventually('the page has it', async () => (await shown()) === 'copied')
    await xvnc.copy('only marked', 'marked')
    // What is copied after it comes after it.
    await xvnc.copy('copied later')
    const seen = new Set<string>()
    await eventually('the page has the next', async () => {
      seen.add(await shown())
      return seen.has('copied later')
    })
    t.deepEqual([...seen], [...new Set(['copied', 'copied later'])])
    await page.click('#clip')
    await page.fill('#clip-text', 'given by the page')
    await page.click('#clip-send')
    await eventually('the desktop has it', async () => (await xvnc.pasted()) === 'given by the page')
    t.is(await xvnc.pasted('marked'), 'only marked')
  },
)

test.serial(
  'what is not kept at home is said beside the desktop; a file is deleted at the second click',
  async (t) => {
    bridge.notice([{ what: 'foreign', place: '.config' }])
    await page.reload()
    await picture()
    const bar = page.locator('#home-notices')
    await bar.getByText('The folder .config in your home is not yours to write to.').waitFor()
    await pictures('notices')
    await page.click('#home-notices-close')
    t.false(await bar.isVisible())
    await page.click('#files')
    const line = page.locator('#files-list li', { hasText: 'Über uns.txt' })
    await line.locator('.delete').click()
    await line.getByText('Delete for good').waitFor()
    t.true(existsSync(join(bridge.home, 'Über uns.txt')), 'one click deletes nothing')
    await line.locator('.delete').click()
    await page.locator('#files-news', { hasText: 'Über uns.txt is deleted.' }).waitFor()
    t.false(existsSync(join(bridge.home, 'Über uns.txt')))
    t.is(await line.count(), 0)
    await page.keyboard.press('Escape')
  },
)

test.serial(
  'a second browser takes over the screen; the first one says so and can take it back',
  async (t) => {
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
  },
)

test.serial('when its pod is deleted, an open tab reconnects by itself', async (t) => {
  const [pod = ''] = await podsOf(lab, GRACE)
  const since = performance.now()
  await must(lab, ['delete', 'pod', pod, '-n', NAMESPACES.desktops, '--wait=false'])
  await bridge.restart()
  ports.set(GRACE, bridge.port())
  await page.locator('#overlay').waitFor({ state: 'visible' })
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
  t.teardown(() => other.end())
  await gateway.end()
  gateway = await ownGateway(lab, 'browser', { env: { DESKFLEET_LISTEN: `127.0.0.1:${port}` } })
  const since = performance.now()
  await eventually('a viewer is there', async () => bridge.viewers() === 1)
  await picture()
  t.log(`back ${Math.round(performance.now() - since)} ms after the gateway`)
  t.deepEqual(await podsOf(lab, GRACE), pods)
})

test.serial(
  'a tab whose desktop was stopped does not take the screen when another tab starts it again',
  async (t) => {
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
    t.true(await other.locator('#overlay').isHidden())
    await page.click('#act')
    await picture()
    await title(/open somewhere else/, other)
    await other.context().close()
  },
)

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

test.serial('a helper gives a one-time password, and its person chooses their own', async (t) => {
  errors.length = 0
  const helper = await newPage()
  await logIn(helper)
  await helper.goto(`${gateway.origin}/password`)
  await helper.click('text=Help somebody')
  await helper.waitForURL('**/helping')
  await pictures('helping', helper)
  await helper.fill('#login', FORGETFUL)
  await helper.fill('#password', 'not the password')
  await helper.press('#password', 'Enter')
  await helper.locator('[role=alert]').waitFor()
  await pictures('helping-refused', helper)
  await helper.fill('#password', PASSWORD)
  await helper.press('#password', 'Enter')
  await title(/Tell them/, helper)
  await pictures('helping-given', helper)
  const given = (await helper.locator('.secret code').textContent()) ?? ''
  await helper.context().close()
  const person = await newPage()
  await person.goto(`${gateway.origin}/login`)
  await person.fill('#login', FORGETFUL)
  await person.fill('#password', given)
  await person.press('#password', 'Enter')
  await title(/Choose your own/, person)
  await pictures('first-password', person)
  const own = 'chosen in a real browser'
  for (const [id, text] of [
    ['before', given],
    ['after', own],
    ['again', own],
  ] as const)
    await person.fill(`#${id}`, text)
  await person.press('#again', 'Enter')
  await person.waitForURL('**/login?after=changed')
  await person.context().close()
  t.deepEqual(errors, [])
})
