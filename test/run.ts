import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { inspect } from 'node:util'
import { up as upLab } from '../lab/bare.ts'
import { locate, SET_NAMES } from '../lab/binaries.ts'
import { deliver, handOverBackwards } from '../lab/delivery/deliver.ts'
import { startPlatform } from '../lab/platform.ts'
import { up } from '../lab/room/room.ts'

/**
 * `npm test` runs everything: first what needs no lab, then what compares the machine before and after and so bears no
 * neighbour, then two things at once that wait more than they compute: the tests on one shared lab, and those in one
 * shared room. `npm run test:unit` runs the first part alone. Ends with what failed, whole, and one line
 * `N passed, N failed`: of a long log often the end alone is kept.
 */

const root = join(import.meta.dirname, '..')
const unitOnly = process.argv[2] === 'unit'

interface Count {
  passed: number
  failed: number
}
const count: Count = { passed: 0, failed: 0 }
/** What is said again at the end: each failure with what its test told, whole, whatever ran beside it. */
const failures: string[] = []

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
  const here: Count = { passed: 0, failed: 0 }
  const told: string[] = []
  let verdict: string | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const [, result] = /^(ok|not ok) \d+/.exec(line) ?? []
    // Whatever follows a verdict is of that test, up to the next one or the plan.
    verdict = /^1\.\.\d+/.test(line) ? undefined : (result ?? verdict)
    if (verdict === 'not ok') told.push(line.replace(/^not ok \d+ - /, ''))
    if (result) {
      here[result === 'ok' ? 'passed' : 'failed']++
      say(line.replace(/^(ok|not ok) \d+ - /, '$1  '))
    } else if (/^# {3}/.test(line)) {
      // What a test tells of itself: the figures that it measured.
      say(line.replace('#', '   '))
    } else if (!/^(TAP version|1\.\.\d+|# |\s*$)/.test(line)) console.log(line)
  }
  const code =
    child.exitCode ?? (await new Promise<number>((done) => child.once('close', (value) => done(value ?? 1))))
  const ran = here.passed + here.failed
  if ((code !== 0 && here.failed === 0) || ran === 0) {
    const ended = `${title}: ava ended with code ${code} after ${ran} tests`
    say(`not ok  ${ended}`)
    told.push(ended)
    here.failed++
  }
  failures.push(...told)
  count.passed += here.passed
  count.failed += here.failed
}

async function onLab(): Promise<void> {
  const name = `test-${process.pid}`
  say(`bringing up the lab ${name}`)
  const lab = await upLab({ name, ldap: true, ownerPid: process.pid, progress: say })
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

/** All binaries. On a new machine they take twenty minutes, and a test tells its progress only when it has ended. */
async function buildAll(): Promise<void> {
  await locate(SET_NAMES, { assets: process.env.KUBEBUILDER_ASSETS, progress: say })
}

const alone = (): Promise<void> =>
  ava('tests that compare the machine', ['test/**/*.room-alone.test.ts', '--concurrency=1', '--timeout=60m'])

async function inRoom(): Promise<void> {
  const name = `test-room-${process.pid}`
  say(`bringing up the room ${name}: 3 masters, 2 workers`)
  const room = await up({ name, masters: 3, workers: 2, ownerPid: process.pid, progress: say })
  try {
    await deliver(room, say, handOverBackwards)
    await ava('tests in the room', ['test/**/*.room.test.ts', '--concurrency=1', '--timeout=10m'], {
      DESKFLEET_ROOM: name,
    })
  } finally {
    say('ending the room')
    await room.down()
  }
}

/** Each to its end, whatever becomes of the others. */
async function allOf(...parts: readonly Promise<void>[]): Promise<void> {
  for (const part of await Promise.allSettled(parts)) {
    if (part.status === 'fulfilled') continue
    console.error(part.reason)
    failures.push(inspect(part.reason))
    count.failed++
  }
}

const UNIT = [
  'test/**/*.test.ts',
  ...['lab', 'room', 'room-alone', 'kind'].map((kind) => `!test/**/*.${kind}.test.ts`),
]

await allOf(ava('tests without a lab', [...UNIT, '--concurrency=2']))
if (!unitOnly) {
  await allOf(buildAll())
  await allOf(alone())
  await allOf(onLab(), inRoom())
}
if (failures.length > 0) console.log(['failed:', ...failures].join('\n'))
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exitCode = count.failed === 0 ? 0 : 1
