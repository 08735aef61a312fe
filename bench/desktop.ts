import type { Browser, BrowserContext, Page } from 'playwright-core'
import { PERSON } from '../config/labels.ts'
import { desktopName } from '../config/names.ts'
import { launchBrowser } from '../lab/browser/browser.ts'
import { DOOR_HOST, deliver, openDoor } from '../lab/delivery/deliver.ts'
import { open, type Room, up } from '../lab/room/room.ts'
import { addPerson, must } from '../test/delivery/person.ts'
import { inDesktops, passwordIn } from '../test/door/desktop-pod.ts'
import { enter, picture } from '../test/harness/visitor.ts'
import { becomes } from '../test/harness/wait.ts'
import { say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Percentiles, percentiles, type Spread, shown, spread } from './spread.ts'

const PEOPLE = 4
const ROUNDS = 5
const WARM_UP = 2
/** What the design promises, in ms from the click that logs in to a picture of more than one colour. */
const PROMISED = { p50: 5_000, p95: 10_000 }
/** A desktop is idle when what its start began has ended. */
const SETTLE = 20_000

/**
 * What a person waits for, in a room of real desktops and by a real browser at the door's address: from the login's
 * click to XFCE's first picture with the image on every PC, and from opening the page of a desktop that runs to its
 * picture.
 */
export async function run(): Promise<void> {
  const facts = machine()
  const standing = process.env.DESKFLEET_ROOM
  const room = await roomOf(standing)
  let browser: Browser | undefined
  try {
    const passwords = new Map<string, string>()
    const mark = Date.now().toString(36).slice(-4)
    for (let index = 0; index < PEOPLE; index++) {
      const login = `bench-${mark}-${index}`
      const said = await addPerson(room, login)
      passwords.set(login, passwordIn(said))
    }
    browser = await launchBrowser(DOOR_HOST, await openDoor(room), say)
    const logins: number[] = []
    const pages: number[] = []
    const steps: Steps[] = []
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const [login, password] of passwords) {
        const context = await browser.newContext()
        const seen = await visit(room, context, login, password)
        await context.close()
        say(
          `${login} on ${seen.pc}: picture after ${(seen.login / 1000).toFixed(1)} s, again after ${(seen.page / 1000).toFixed(1)} s`,
        )
        if (round < 0) continue
        // Before that, PCs read files of the image for the first time.
        logins.push(seen.login)
        pages.push(seen.page)
        steps.push(seen.steps)
      }
    }
    const memory = await idleMemory(room, browser, passwords)
    const result = {
      machine: facts,
      room: { pcs: room.pcs.length, image: 'desktop-light' },
      loginToPictureMs: percentiles(logins),
      pageToPictureMs: percentiles(pages),
      steps: {
        askedMs: spread(steps.map(({ asked }) => asked)),
        scheduledToStartedMs: spread(steps.map(({ started }) => started)),
        startedToReadyMs: spread(steps.map(({ ready }) => ready)),
      },
      idleDesktopMiB: memory,
      promised: PROMISED,
    }
    print(result)
    writeResult('desktop', result)
  } finally {
    await browser?.close()
    if (standing === undefined) await room.down()
  }
}

async function roomOf(standing: string | undefined): Promise<Room> {
  if (standing !== undefined) {
    const room = await open(standing)
    if (!room) throw new Error(`no room "${standing}" runs: leave DESKFLEET_ROOM out to have one made`)
    return room
  }
  const name = `bench-${process.pid}`
  const room = await up({ name, masters: 3, workers: 2, ownerPid: process.pid, progress: say })
  try {
    await deliver(room, say)
    return room
  } catch (error) {
    await room.down()
    throw error
  }
}

/** Where the time went, by the cluster's own stamps, which are whole seconds. */
interface Steps {
  readonly asked: number
  readonly started: number
  readonly ready: number
}

interface Seen {
  readonly pc: string
  readonly login: number
  readonly page: number
  readonly steps: Steps
}

/** Logs in to a stopped desktop, looks at it, opens its page again, and stops it. */
async function visit(room: Room, context: BrowserContext, login: string, password: string): Promise<Seen> {
  const began = Date.now()
  const { page, clicked } = await arrive(context, login, password)
  await picture(page)
  const toPicture = performance.now() - clicked
  const pod = JSON.parse(
    await must(room, ['get', 'pods', ...inDesktops, '-l', `${PERSON}=${login}`, '-o', 'json']),
  ).items[0]
  const at = (text: string): number => Date.parse(text)
  const condition = (type: string): number =>
    at(pod.status.conditions.find((one: { type: string }) => one.type === type)?.lastTransitionTime)
  const started = at(pod.status.containerStatuses[0].state.running.startedAt)
  const steps = {
    asked: condition('PodScheduled') - began,
    started: started - condition('PodScheduled'),
    ready: condition('Ready') - started,
  }
  const again = performance.now()
  await page.goto(`https://${DOOR_HOST}/desktop`)
  await picture(page)
  const toPage = performance.now() - again
  await stop(room, page, login)
  return { pc: pod.spec.nodeName, login: toPicture, page: toPage, steps }
}

async function arrive(
  context: BrowserContext,
  login: string,
  password: string,
): Promise<{ page: Page; clicked: number }> {
  let clicked = performance.now()
  const page = await enter(context, login, password, undefined, () => {
    clicked = performance.now()
  })
  return { page, clicked }
}

async function stop(room: Room, page: Page, login: string): Promise<void> {
  await page.click('#restart')
  await page.click('button[formaction="/desktop/stop"]')
  const pods = ['get', 'pods', ...inDesktops, '-l', `${PERSON}=${login}`, '-o', 'name']
  await becomes('the pods that are left', async () => (await must(room, pods)).trim(), '', { seconds: 60 })
}

/** Memory that a desktop's programs have to themselves or share in parts (PSS), with everybody's at rest. */
async function idleMemory(
  room: Room,
  browser: Browser,
  passwords: ReadonlyMap<string, string>,
): Promise<Spread> {
  const contexts: BrowserContext[] = []
  for (const [login, password] of passwords) {
    const context = await browser.newContext()
    contexts.push(context)
    await picture((await arrive(context, login, password)).page)
  }
  say('all desktops come to rest')
  await new Promise((done) => setTimeout(done, SETTLE))
  const used: number[] = []
  for (const login of passwords.keys()) {
    const said = await must(room, [
      ...['exec', `deployment/${desktopName(login)}`, ...inDesktops, '--'],
      ...['sh', '-c', 'cat /proc/[0-9]*/smaps_rollup 2>/dev/null; true'],
    ])
    const kilobytes = [...said.matchAll(/^Pss: +(\d+) kB$/gm)].reduce((sum, [, one]) => sum + Number(one), 0)
    used.push(kilobytes / 1024)
  }
  for (const context of contexts) {
    const [page] = context.pages()
    const login = [...passwords.keys()][contexts.indexOf(context)] ?? ''
    if (page) await stop(room, page, login)
    await context.close()
  }
  return spread(used)
}

function print(result: {
  readonly loginToPictureMs: Percentiles
  readonly pageToPictureMs: Percentiles
  readonly steps: Readonly<Record<string, Spread>>
  readonly idleDesktopMiB: Spread
}): void {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1)
  const row = ({ count, p50, p95, max }: Percentiles) => ({
    times: count,
    'p50 s': seconds(p50),
    'p95 s': seconds(p95),
    'max s': seconds(max),
  })
  console.log(`a desktop, by Chromium at the door of a room of real pods`)
  console.table({
    'login to first picture': row(result.loginToPictureMs),
    'page of a running desktop to picture': row(result.pageToPictureMs),
  })
  for (const [step, time] of Object.entries(result.steps))
    console.log(`  ${step.padEnd(22)} ${shown(time, 0)}`)
  console.log(`an idle desktop: ${shown(result.idleDesktopMiB, 0)} MiB`)
  const { p50, p95 } = result.loginToPictureMs
  const kept = p50 <= PROMISED.p50 && p95 <= PROMISED.p95
  console.log(
    `promised p50 ≤ ${seconds(PROMISED.p50)} s, p95 ≤ ${seconds(PROMISED.p95)} s: ${kept ? 'kept' : 'NOT kept'}`,
  )
}

if (import.meta.main) await run()
