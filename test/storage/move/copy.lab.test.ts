import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { byRsync, type Copies } from '../../../storage/move/copy.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'
import { furnish, likeness, tools } from './files.ts'

/** Real files, and the rsync that our image has. */

let bin = ''
let copies: Copies
const never = new AbortController().signal
const rootOnly = process.getuid?.() === 0 ? test : test.skip

test.before(async (t) => {
  t.timeout(300_000)
  bin = await tools()
  copies = byRsync(['nice', '-n', '19', join(bin, 'rsync')])
})

function place(): { from: string; to: string; lock: string } {
  const top = temporaryFolder()
  mkdirSync(join(top, 'from'))
  mkdirSync(join(top, '.arriving'))
  return { from: join(top, 'from'), to: join(top, '.arriving/home'), lock: join(top, '.arriving/home.lock') }
}

rootOnly(
  'everything that a file may have is there: links, holes, lists, attributes, names that are no text',
  async (t) => {
    const copy = place()
    furnish(copy.from, bin)
    t.like(await copies.all(copy, 'times', never), { state: 'done' })
    t.like(await copies.last(copy, 0, never), { state: 'done' })
    t.deepEqual(likeness(copy.to, bin), likeness(copy.from, bin))
    t.true(statSync(join(copy.to, 'sparse')).blocks < 1_000, 'a hole stays a hole')
    rmSync(join(copy.from, 'Documents'), { recursive: true })
    t.like(await copies.last(copy, Date.now() / 1000, never), { state: 'done' })
    t.deepEqual(likeness(copy.to, bin), likeness(copy.from, bin))
  },
)

rootOnly('a home without any file, and one that was one before', async (t) => {
  const copy = place()
  t.like(await copies.last(copy, 0, never), { state: 'done', files: 1 })
  t.deepEqual(likeness(copy.to, bin), likeness(copy.from, bin))
})

rootOnly(
  'what changed without another size or time is found by its change time, and by comparing all',
  async (t) => {
    for (const way of ['last', 'bytes'] as const) {
      const copy = place()
      const file = join(copy.from, 'ledger')
      writeFileSync(file, 'one')
      utimesSync(file, 1e9, 1e9)
      await copies.all(copy, 'times', never)
      const since = Date.now() / 1000 - 5
      writeFileSync(file, 'two')
      utimesSync(file, 1e9, 1e9)
      t.like(await copies.all(copy, 'times', never), { state: 'done' })
      t.is(readFileSync(join(copy.to, 'ledger'), 'utf8'), 'one', 'size and time alone do not tell')
      if (way === 'last') t.like(await copies.last(copy, since, never), { state: 'done' })
      else t.like(await copies.all(copy, 'bytes', never), { state: 'done' })
      t.is(readFileSync(join(copy.to, 'ledger'), 'utf8'), 'two', way)
    }
  },
)

rootOnly(
  'a copy is never made beside another one into the same place, even if its program has died',
  async (t) => {
    const copy = place()
    writeFileSync(join(copy.from, 'large'), Buffer.alloc(64 << 20, 'x'))
    const slow = byRsync([join(bin, 'rsync'), '--bwlimit=2000'])
    const end = new AbortController()
    const first = slow.all(copy, 'times', end.signal)
    await sleep(500)
    t.like(await copies.last(copy, 0, never), { state: 'busy' })
    end.abort()
    t.like(await first, { state: 'stopped' })
    await sleep(200)
    t.like(await copies.last(copy, 0, never), { state: 'done' })
  },
)

rootOnly('a source that is gone empties nothing', async (t) => {
  const copy = place()
  furnish(copy.from, bin)
  await copies.last(copy, 0, never)
  rmSync(copy.from, { recursive: true })
  t.like(await copies.last(copy, 0, never), { state: 'failed' })
  t.true(existsSync(join(copy.to, 'large')))
})

rootOnly('a full disk is named as such, and the copy goes on when there is room', async (t) => {
  const copy = place()
  furnish(copy.from, bin)
  const disk = join(copy.to, '..')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'small', disk])
  try {
    t.like(await copies.all(copy, 'times', never), { state: 'full' })
    execFileSync('mount', ['-o', 'remount,size=64m', disk])
    t.like(await copies.all(copy, 'times', never), { state: 'done' })
    t.like(await copies.last(copy, 0, never), { state: 'done' })
    t.deepEqual(likeness(copy.to, bin), likeness(copy.from, bin))
  } finally {
    execFileSync('umount', [disk])
  }
})
