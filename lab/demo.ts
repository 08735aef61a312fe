import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DEMO_LAB, showBarePart } from './demo/bare.ts'
import { type Milestone, outlook } from './demo/outlook.ts'
import { partsOfDemo } from './demo/parts.ts'
import { farewell, showRoomPart } from './demo/room.ts'
import { dim, isShowing } from './demo/screen.ts'
import { begin, type Listener } from './demo/work.ts'
import { ROOM_NAME } from './room/command.ts'
import { open, up } from './room/room.ts'
import { endRun } from './run/end.ts'
import { onInterrupt } from './run/interrupt.ts'
import { abandon } from './run/life.ts'
import { runFolder } from './run/places.ts'
import { end, helpersOf } from './run/processes.ts'

/**
 * The main job, end to end, on real parts: what `npm run demo` shows. First on a control plane alone, as soon as that
 * is there; then, built behind it, in a room of PCs, which is left running.
 */

const HELP = `npm run demo     shows the main job end to end, on real parts, and leaves a room of three PCs running

Needs root; asks nothing, and listens on loopback only. What this machine does not have yet it builds, once (about 20
minutes on two cores). Ends with how to log in and how to stop the room: npm run lab -- room down`

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h', default: false } } })
if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const began = performance.now()
const passed = (): number => (performance.now() - began) / 1000

const MILESTONES: readonly Milestone[] = [
  { part: 'first result', called: 'a pod that becomes somebody’s' },
  { part: 'desktop', called: 'a desktop to log in to' },
]

const latest = new Map<string, string>()
const listener: Listener = {
  said: (part, line) => latest.set(part, line),
  done({ name, lane, took }) {
    latest.delete(name)
    if (lane !== 'show' && took >= 3 && !isShowing()) dim(`${name}: done in ${took.toFixed(0)} s`)
  },
}

const work = begin(partsOfDemo({ name: ROOM_NAME, showBare: showBarePart, showRoom }), listener)

async function showRoom(): Promise<void> {
  const room = await open(ROOM_NAME)
  if (!room) throw new Error(`the room "${ROOM_NAME}" ended meanwhile`)
  await showRoomPart(room)
}

/** Says what is being made, and when there will be something to see; not in the middle of a step. */
function tell(): void {
  if (isShowing()) return
  const lines = work
    .states()
    .filter(({ state, lane }) => state === 'running' && lane !== 'show')
    .map(({ name }) => latest.get(name) ?? name)
  for (const line of lines) dim(line)
  dim(`after ${passed().toFixed(0)} s: ${outlook(work.states(), MILESTONES)}`)
}

/** Ends what is half made: helpers such as compilers at once, then the lab and the room, unless that is finished. */
async function clear(): Promise<void> {
  const stopped = work.stop()
  await end(helpersOf(process.pid), 'SIGINT')
  if (existsSync(runFolder(DEMO_LAB))) await endRun(runFolder(DEMO_LAB))
  await abandon(ROOM_NAME)
  await stopped
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('a room of PCs needs root: run it with sudo')
  // One of another size is refused now, and not when everything is built.
  if (await open(ROOM_NAME)) await up({ name: ROOM_NAME, masters: 1, workers: 2 })
  const missing = work.states().filter(({ state, lane }) => state !== 'at hand' && lane === 'compile')
  if (missing.length > 0) {
    console.log(
      `This machine builds what it does not have yet, once: ${missing.map(({ name }) => name).join(', ')}.`,
    )
  }
  tell()
  const ticking = setInterval(tell, 20_000)
  try {
    await work.ready('first result')
    console.log()
    tell()
    await work.ready('desktop')
  } finally {
    clearInterval(ticking)
  }
  const room = await open(ROOM_NAME)
  if (room) await farewell(room, passed())
}

const interrupted = onInterrupt(clear, (line) => console.error(line))
try {
  await main()
} catch (error) {
  if (!interrupted()) {
    console.error(`demo: ${error instanceof Error ? error.message : error}`)
    await clear()
    process.exit(1)
  }
}
