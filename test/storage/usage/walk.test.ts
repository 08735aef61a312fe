import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { systemClock } from '../../../service/clock.ts'
import type { Entry } from '../../../storage/usage/entry.ts'
import { newTally, type Usage } from '../../../storage/usage/tally.ts'
import { walk } from '../../../storage/usage/walk.ts'

/** What homes take up, by real files; compared with what du(1) says of the same. */

const ADA = '0a4e8b7c-0000-4000-8000-000000000001'
const BOB = 'f1234567-0000-4000-8000-000000000002'

const folder = (t: { teardown(end: () => void): void }): string => {
  const made = mkdtempSync(join(tmpdir(), 'deskfleet-usage-'))
  t.teardown(() => rmSync(made, { recursive: true, force: true }))
  for (const one of [`homes/${ADA}/a/b`, `homes/${BOB}`, 'shared', 'trash/2026-11-24-eve-x', '.making'])
    mkdirSync(join(made, one), { recursive: true })
  return made
}

async function measured(at: string, beside = 0, without: readonly string[] = []): Promise<Usage> {
  const tally = newTally(beside)
  const over = { way: [], folder: at, without, clock: systemClock }
  await walk(over, tally.add, AbortSignal.timeout(60_000))
  return tally.usage()
}

/** Bytes by du(1), without those of folders. */
function du(...paths: string[]): number {
  const find = ['-c', 'find "$@" ! -type d -print0 | du --files0-from=- -c -B1 | tail -1', 'sh', ...paths]
  return Number(execFileSync('sh', find, { encoding: 'utf8' }).split('\t')[0])
}

test('each home, the shared folder and the trash, as du has it', async (t) => {
  const at = folder(t)
  const [ada, bob] = [join(at, 'homes', ADA), join(at, 'homes', BOB)]
  writeFileSync(join(ada, 'a/b/one'), Buffer.alloc(70_000, 1))
  writeFileSync(join(ada, 'a name\nwith two lines'), Buffer.alloc(5_000, 1))
  writeFileSync(Buffer.concat([Buffer.from(`${ada}/`), Buffer.from([0xff, 0x20, 0xfe])]), 'no text')
  writeFileSync(join(ada, 'holes'), '')
  truncateSync(join(ada, 'holes'), 1e9)
  symlinkSync('/etc', join(ada, 'link'))
  writeFileSync(join(bob, 'x'), Buffer.alloc(30_000, 1))
  writeFileSync(join(at, 'shared/s'), Buffer.alloc(9_000, 1))
  writeFileSync(join(at, 'trash/2026-11-24-eve-x/t'), Buffer.alloc(4_000, 1))
  writeFileSync(join(at, '.deskfleet-storage'), '{}')
  const usage = await measured(at)
  t.deepEqual(usage.homes.get(ADA), { bytes: du(ada), files: 5 })
  t.deepEqual(usage.homes.get(BOB), { bytes: du(bob), files: 1 })
  t.deepEqual(usage.shared, { bytes: du(join(at, 'shared')), files: 1 })
  t.deepEqual(usage.trash, { bytes: du(join(at, 'trash')), files: 1 })
  t.is(usage.other.files, 1)
  t.true((usage.homes.get(ADA)?.bytes ?? 0) < 1e6, 'holes take nothing')
})

test('a file with several names counts once, wherever they are', async (t) => {
  const at = folder(t)
  const [ada, bob] = [join(at, 'homes', ADA), join(at, 'homes', BOB)]
  writeFileSync(join(ada, 'one'), Buffer.alloc(64_000, 1))
  for (const name of [join(ada, 'two'), join(ada, 'three'), join(bob, 'four')])
    linkSync(join(ada, 'one'), name)
  const { homes } = await measured(at)
  const [first, second] = [homes.get(ADA)?.bytes ?? 0, homes.get(BOB)?.bytes ?? 0]
  t.is(first + second, du(ada, bob))
  t.is(first, second * 3)
})

test('on a brick, the name that Gluster has for each file itself is no second one, and a pointer is no file', async (t) => {
  const at = folder(t)
  const ada = join(at, 'homes', ADA)
  mkdirSync(join(at, '.glusterfs/ab'), { recursive: true })
  writeFileSync(join(ada, 'one'), Buffer.alloc(64_000, 1))
  linkSync(join(ada, 'one'), join(at, '.glusterfs/ab/gfid-1'))
  writeFileSync(join(ada, 'elsewhere'), '')
  execFileSync('chmod', ['1000', join(ada, 'elsewhere')])
  linkSync(join(ada, 'elsewhere'), join(at, '.glusterfs/ab/gfid-2'))
  const { homes, other } = await measured(at, 1, ['.glusterfs'])
  t.deepEqual(homes.get(ADA), { bytes: du(join(ada, 'one')), files: 1 })
  t.deepEqual(other, { bytes: 0, files: 0 })
})

test('a walk that is given up tells nothing, and ends whatever it started', async (t) => {
  const at = folder(t)
  for (let n = 0; n < 3_000; n++) writeFileSync(join(at, 'shared', `${n}`.padStart(120, 'x')), '')
  const stop = new AbortController()
  let met = 0
  const over = { way: [], folder: at, without: [], clock: systemClock }
  const going = walk(
    over,
    () => {
      if (++met === 10) stop.abort()
    },
    stop.signal,
  )
  await t.throwsAsync(going)
  t.true(met < 3_000)
})

test('a walk that hears nothing is given up as well', async (t) => {
  const stop = new AbortController()
  const silent = { way: ['sh', '-c', 'exec sleep 3600'], folder: '/', without: [], clock: systemClock }
  const going = walk(silent, () => {}, stop.signal)
  setImmediate(() => stop.abort())
  await t.throwsAsync(going)
})

test('a folder that is not there, or cannot be gone through, is no empty one', async (t) => {
  const nowhere = { way: [], folder: '/nowhere-at-all', without: [], clock: systemClock }
  await t.throwsAsync(
    walk(nowhere, () => {}, AbortSignal.timeout(10_000)),
    { message: /cannot be gone through/ },
  )
  const none = { way: ['/no/such/program'], folder: '/', without: [], clock: systemClock }
  await t.throwsAsync(
    walk(none, () => {}, AbortSignal.timeout(10_000)),
    { message: /ENOENT/ },
  )
})

test('whoever lists waits for whoever takes what is listed', async (t) => {
  const at = folder(t)
  for (let n = 0; n < 2_000; n++) writeFileSync(join(at, 'shared', `${n}`), '')
  const seen: string[] = []
  const slowly = async ({ path }: Entry): Promise<void> => {
    await Promise.resolve()
    seen.push(path.toString())
  }
  const over = { way: [], folder: at, without: [], clock: systemClock }
  t.like(await walk(over, slowly, AbortSignal.timeout(60_000)), { entries: 2_000, unread: 0 })
  t.is(new Set(seen).size, 2_000)
})
