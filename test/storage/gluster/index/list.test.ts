import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import {
  copiesOf,
  FOLDER,
  isPlace,
  listsOf,
  nameOf,
  obsolete,
  readName,
  setHolding,
} from '../../../../storage/gluster/index/place.ts'
import { printable, readList } from '../../../../storage/gluster/index/read.ts'
import { endOf, homeIn, lineOf, readLine } from '../../../../storage/gluster/index/text.ts'
import type { Entry } from '../../../../storage/usage/entry.ts'

/** The list of a set's files: what stands in it, where it lies, and when an old one may go. */

const ADA = '0a4e8b7c-0000-4000-8000-000000000001'
const entry = (path: string | Buffer, more: Partial<Entry> = {}): Entry => ({
  type: 'f',
  taken: 4_096,
  links: 2,
  mode: '644',
  size: 5,
  mtime: 1_900_000_000,
  path: Buffer.from(path),
  ...more,
})

test('what people have is listed, and nothing else', (t) => {
  const listed = (one: Entry) => lineOf(one) !== undefined
  t.true(listed(entry(`homes/${ADA}/a`)))
  t.true(listed(entry('shared/a')))
  t.true(listed(entry('trash/2026-11-24-eve-x/a')))
  t.false(listed(entry(`${FOLDER}/set-1.x`)))
  t.false(listed(entry('.deskfleet-storage')))
  t.false(listed(entry('homesick/a')))
  t.false(listed(entry(`homes/${ADA}/a`, { size: 0, mode: '1000' })), 'it lies on another set')
})

test('any name comes back as it was', (t) => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 }).filter((all) => !all.includes(0))
  fc.assert(
    fc.property(bytes, fc.nat(), (name, size) => {
      const path = Buffer.concat([Buffer.from(`homes/${ADA}/`), name])
      const line = lineOf(entry(path, { size })) ?? Buffer.alloc(0)
      t.deepEqual(readLine(line.subarray(0, -1)), { size, mtime: 1_900_000_000, path })
      t.is(homeIn(path), ADA)
    }),
  )
  t.is(homeIn(Buffer.from('shared/a')), undefined)
  t.is(homeIn(Buffer.from(`homes/${ADA}`)), undefined)
})

test('a name that is printed does nothing to a terminal', (t) => {
  t.is(printable(Buffer.from('plain näme 日本')), 'plain näme 日本')
  t.is(printable(Buffer.from('a\n\u001b[31m\u202eb\\')), 'a\\x0a\\x1b[31m\\xe2\\x80\\xaeb\\x5c')
  t.is(printable(Buffer.from([0x61, 0xff, 0x9b])), 'a\\xff\\x9b')
})

const SETS = [
  [{ pc: 'pc-1' }, { pc: 'pc-2' }, { pc: 'pc-3' }],
  [{ pc: 'pc-4' }, { pc: 'pc-5' }, { pc: 'pc.six' }],
]
const told = (...pcs: string[]): string =>
  `(<DISTRIBUTE:home-dht> (<REPLICATE:home-replicate-0> ${pcs.map((pc) => `<POSIX(/brick/data):${pc}:/brick/data/.index/x>`).join(' ')}))`

test('which set a file lies on is read of all the PCs that have it', (t) => {
  t.is(setHolding(told('pc-1', 'pc-2', 'pc-3'), SETS), 1)
  t.is(setHolding(told('pc-5', 'pc.six'), SETS), 2)
  t.is(setHolding(told('pc-3', 'pc-4'), SETS), undefined, 'it is being moved')
  t.is(setHolding(told('pc-9'), SETS), undefined)
  t.is(setHolding('', SETS), undefined)
})

test('a list lies on no set that it names the files of, and its copies on different ones', (t) => {
  t.false(isPlace(1, 1, []))
  t.true(isPlace(2, 1, []))
  t.false(isPlace(2, 1, [2]))
  t.false(isPlace(undefined, 1, []))
  t.deepEqual([2, 3, 6].map(copiesOf), [1, 2, 2])
})

const day = (number: number): Date => new Date(Date.UTC(2026, 10, number, 2))

test('names tell the set and the time, and others are no lists', (t) => {
  t.like(readName(nameOf(12, day(3), 7)), { set: 12, at: day(3).getTime() })
  t.is(readName('set-1.gz'), undefined)
  t.is(readName('../set-1.2026-11-27T02-00-00Z.1.gz'), undefined)
  const names = [nameOf(1, day(1), 0), nameOf(2, day(3), 0), nameOf(1, day(2), 5), 'else']
  t.deepEqual(
    listsOf(names, 1).map(({ at }) => at),
    [day(2).getTime(), day(1).getTime()],
  )
})

test('the list of yesterday stays, older ones go, and none while a set has lost most of its files', (t) => {
  const names = [1, 2, 3, 4].flatMap((number) => [nameOf(1, day(number), 0), nameOf(1, day(number), 3)])
  names.push(nameOf(2, day(1), 0))
  t.deepEqual(obsolete(names, 1, 100, 110).sort(), names.slice(0, 4).sort())
  t.deepEqual(obsolete(names, 1, 0, 110), [], 'it came back empty')
  t.deepEqual(obsolete(names, 1, 54, 110), [])
  t.is(obsolete(names, 1, 100, undefined).length, 4)
})

const volume = (t: { teardown(end: () => void): void }): string => {
  const made = mkdtempSync(join(tmpdir(), 'deskfleet-index-'))
  t.teardown(() => rmSync(made, { recursive: true, force: true }))
  mkdirSync(join(made, FOLDER))
  return made
}
const text = (names: readonly string[], end: string): Buffer =>
  gzipSync(
    Buffer.concat([
      ...names.map((name) => lineOf(entry(`shared/${name}`)) ?? Buffer.alloc(0)),
      Buffer.from(end),
    ]),
  )

test('the newest list that is whole is read, and nothing is told of one that is not', async (t) => {
  const at = volume(t)
  const write = (name: string, bytes: Buffer) => writeFileSync(join(at, FOLDER, name), bytes)
  const read = async (until = Number.POSITIVE_INFINITY) => {
    const names: string[] = []
    const told = await readList(at, 1, until, ({ path }) => void names.push(path.toString()))
    return { names, ...told }
  }
  await t.throwsAsync(read(), { message: /no list of the files of set 1 was made yet/ })
  write(nameOf(1, day(1), 0), text(['a', 'b'], endOf(2)))
  t.deepEqual(await read(), { names: ['shared/a', 'shared/b'], at: day(1).getTime(), files: 2 })
  write(nameOf(1, day(2), 0), text(['c'], endOf(1)))
  t.deepEqual((await read()).names, ['shared/c'])
  t.deepEqual((await read(day(2).getTime())).names, ['shared/a', 'shared/b'])
  // Whoever wrote it was interrupted; the file was cut; a line is missing.
  write(nameOf(1, day(3), 0), text(['d'], ''))
  write(nameOf(1, day(4), 0), text(['e'.repeat(9_999)], endOf(1)).subarray(0, 40))
  write(nameOf(1, day(5), 0), text(['f'], endOf(2)))
  write(nameOf(1, day(6), 0), Buffer.alloc(0))
  t.deepEqual((await read()).names, ['shared/c'])
})
