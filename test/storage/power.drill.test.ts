import { createHash, randomBytes } from 'node:crypto'
import test from 'ava'
import type { Browser, Page } from 'playwright-core'
import { percentiles } from '../../bench/spread.ts'
import type { Room } from '../../lab/room/room.ts'
import { newPersonAtDesktop } from '../door/at-desktop.ts'
import { inDesktop, podsOf, runningPod } from '../door/desktop-pod.ts'
import { pcBecomes, readiness, sharedRoom } from '../harness/room.ts'
import { interrupted, picture } from '../harness/visitor.ts'
import { eventually } from '../harness/wait.ts'
import { onBricks, volumeIsWhole, writeHome } from './room-volume.ts'

/**
 * The PC under an open desktop loses power, again and again: after how long the same tab shows the same files on another
 * PC, and after how long the PC that is back has nothing left to heal. `npm run drill`; DESKFLEET_TIMES says how often.
 */

const TIMES = Number(process.env.DESKFLEET_TIMES ?? 12)
const LOGIN = `mover-${randomBytes(2).toString('hex')}`

let room: Room
let browser: Browser
let page: Page

test.before(async (t) => {
  t.timeout(900_000)
  room = await sharedRoom()
  await volumeIsWhole(room)
  const opened = await newPersonAtDesktop(room, LOGIN, t.log)
  browser = opened.browser
  page = opened.page
})

test.after.always(async () => {
  await browser?.close()
  for (const { name } of room?.pcs ?? []) await room.pc.on(name)
})

/** Seconds after the power was cut at which each was seen first. */
interface Course {
  readonly pc: string
  readonly notReady: number
  readonly newPod: number
  readonly picture: number
  readonly files: number
  /** Seconds after power was back and the PC was ready. */
  readonly healed: number
}

async function once(round: number): Promise<Course> {
  const text = randomBytes(300_000).toString('base64')
  const sum = createHash('sha256').update(text).digest('hex')
  const [before, during] = [`before-${LOGIN}-${round}`, `during-${LOGIN}-${round}`]
  await writeHome(room, LOGIN, before, text)
  const { pc, name } = await runningPod(room, LOGIN)
  const gone = interrupted(page)
  await room.pc.off(pc)
  const since = performance.now()
  const passed = (): number => (performance.now() - since) / 1_000
  // Each look starts a program: more often, and the looks themselves would be what is waited for.
  const patience = { seconds: 180, every: 1_500 }
  try {
    const [notReady, newPod, shown] = await Promise.all([
      eventually(`${pc} is silent`, async () => (await readiness(room, pc)) !== 'True', patience).then(
        passed,
      ),
      eventually(
        'there is another pod',
        async () => (await podsOf(room, LOGIN)).some((pod) => pod.name !== name && pod.pc !== pc),
        patience,
      ).then(passed),
      gone.then(() => picture(page, 180_000)).then(passed),
    ])
    await eventually('the file', async () =>
      (await inDesktop(room, LOGIN, `sha256sum <~/${before}`)).startsWith(sum),
    )
    const files = passed()
    await writeHome(room, LOGIN, during, text)
    await room.pc.on(pc)
    await pcBecomes(room, pc, 'True')
    const healed = await volumeIsWhole(room)
    for (const file of [before, during])
      for (const digest of await onBricks(room, file))
        if (digest !== sum) throw new Error(`${file} is not the same on all disks`)
    return { pc, notReady, newPod, picture: shown, files, healed }
  } finally {
    await room.pc.on(pc)
  }
}

test.serial('a PC loses power under the open tab: the tab shows the same files on another PC', async (t) => {
  t.timeout(3_600_000)
  const courses: Course[] = []
  for (let round = 1; round <= TIMES; round++) {
    const course = await once(round)
    courses.push(course)
    t.log(
      `${round}: ${course.pc} off: silent ${course.notReady.toFixed(1)} s, another pod ${course.newPod.toFixed(1)} s, ` +
        `the tab ${course.picture.toFixed(1)} s, the files ${course.files.toFixed(1)} s; back on: healed ${course.healed.toFixed(1)} s`,
    )
  }
  for (const what of ['notReady', 'newPod', 'picture', 'files', 'healed'] as const) {
    const { p50, p95, max } = percentiles(courses.map((course) => course[what]))
    t.log(
      `${what}: p50 ${p50.toFixed(1)} s, p95 ${p95.toFixed(1)} s, most ${max.toFixed(1)} s of ${courses.length}`,
    )
  }
  t.is(courses.length, TIMES)
})
