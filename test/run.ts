import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { up } from '../lab/bare.ts'
import { deliver, handOverBackwards } from '../lab/delivery/deliver.ts'
import { startPlatform } from '../lab/platform.ts'
import { type Room, up as upRoom } from '../lab/room/room.ts'

/**
 * `npm test` runs everything: first what needs no lab, then what makes a room of its own, then one lab shared by all
 * tests that need one while the room that the last tests share is brought up beside it.
 * `npm run test:unit` runs the first part alone. Ends with one line `N passed, N failed`.
 */

const root = join(import.meta.dirname, '..')
const unitOnly = process.argv[2] === 'unit'

interface Count {
  passed: number
  failed: number
}
const count: Count = { passed: 0, failed: 0 }

const since = performance.now()
const say = (line: string) =>
  console.log(`[${((performance.now() - since) / 1000).toFixed(0).padStart(4)} s] ${line}`)

/** Runs ava on some patterns and counts by its TAP lines; a run that ends badly without a failed test is one. */
async function ava(title: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  say(title)
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/ava/entrypoints/cli.mjs'), '--tap', ...args],
    {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const before = { ...count }
  for await (const line of createInterface({ input: child.stdout })) {
    if (/^ok \d+/.test(line)) count.passed++
    else if (/^not ok \d+/.test(line)) count.failed++
    if (/^(ok|not ok) \d+/.test(line)) say(line.replace(/^(ok|not ok) \d+ - /, '$1  '))
    else if (!/^(TAP version|1\.\.\d+|# |\s*$)/.test(line)) console.log(line)
  }
  const code =
    child.exitCode ?? (await new Promise<number>((done) => child.once('close', (value) => done(value ?? 1))))
  const ran = count.passed + count.failed - before.passed - before.failed
  if ((code !== 0 && count.failed === before.failed) || ran === 0) {
    say(`not ok  ${title}: ava ended with code ${code} after ${ran} tests`)
    count.failed++
  }
}

async function withLab(): Promise<void> {
  const name = `test-${process.pid}`
  say(`bringing up the lab ${name}`)
  const lab = await up({ name, ldap: true, ownerPid: process.pid, progress: say })
  try {
    await startPlatform(lab, say)
    await ava('tests on the lab', ['test/**/*.lab.test.ts', '--concurrency=1', '--timeout=5m'], {
      DESKFLEET_LAB: name,
    })
  } finally {
    say('ending the lab')
    await lab.down()
  }
}

/** These compare the machine before and after, so nothing else of ours may run. */
const aloneInRooms = (): Promise<void> =>
  ava('tests that make a room', ['test/**/*.room-alone.test.ts', '--concurrency=1', '--timeout=60m'])

/** Brings up the room that the tests in it share, with everything delivered. Whoever gets it ends it. */
async function furnishedRoom(): Promise<Room> {
  const name = `test-room-${process.pid}`
  say(`bringing up the room ${name}: 3 masters, 2 workers`)
  const room = await upRoom({ name, masters: 3, workers: 2, ownerPid: process.pid, progress: say })
  try {
    await deliver(room, say, handOverBackwards)
    return room
  } catch (error) {
    await room.down()
    throw error
  }
}

async function inRoom(room: Room): Promise<void> {
  try {
    await ava('tests in the room', ['test/**/*.room.test.ts', '--concurrency=1', '--timeout=10m'], {
      DESKFLEET_ROOM: room.name,
    })
  } finally {
    say('ending the room')
    await room.down()
  }
}

/** Both to their end, whatever becomes of the other. A failure of the one is told and counted, that of the other thrown. */
async function both<T>(one: Promise<void>, other: Promise<T>): Promise<T> {
  const [first, second] = await Promise.allSettled([one, other])
  if (first.status === 'rejected') {
    console.error(first.reason)
    count.failed++
  }
  if (second.status === 'rejected') throw second.reason
  return second.value
}

const UNIT = [
  'test/**/*.test.ts',
  ...['lab', 'room', 'room-alone', 'kind'].map((kind) => `!test/**/*.${kind}.test.ts`),
]

try {
  await ava('tests without a lab', [...UNIT, '--concurrency=2'])
  if (!unitOnly) {
    await aloneInRooms()
    // A room waits for its pods more than it computes, and so do tests on the lab for their clocks.
    await inRoom(await both(withLab(), furnishedRoom()))
  }
} catch (error) {
  console.error(error)
  count.failed++
}
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exitCode = count.failed === 0 ? 0 : 1
