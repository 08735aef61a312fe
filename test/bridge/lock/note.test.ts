import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { noteBeside, watchSince } from '../../../bridge/lock/note.ts'
import { LOCK_NOTE, writtenNote } from '../../../config/home-lock.ts'

const NOTE = { at: 5_000, generation: 2_000_000_007, text: 'as it was' }
const me = process.getuid?.() ?? -1

function placeOf(t: ExecutionContext): { readonly home: string; readonly path: string } {
  const top = mkdtempSync(join(tmpdir(), 'deskfleet-note-'))
  t.teardown(() => rmSync(top, { recursive: true, force: true }))
  return { home: join(top, 'ada'), path: join(top, LOCK_NOTE) }
}

test('what a note says began so long ago, by one’s own clock', (t) => {
  const watch = watchSince(NOTE, 17_000, 300)
  t.deepEqual(watch, { generation: NOTE.generation, text: NOTE.text, since: 300 - 12_000 })
})

test('a note of a time that is still to come, from before the PC began anew, says nothing', (t) => {
  t.is(watchSince(NOTE, 4_999, 300), undefined)
  t.is(watchSince(undefined, 17_000, 300), undefined)
})

test('a note is read, and one that is not there, damaged, or anybody’s to write is none', async (t) => {
  const { home, path } = placeOf(t)
  t.is(await noteBeside(home, me), undefined)
  writeFileSync(path, writtenNote(NOTE), { mode: 0o444 })
  t.deepEqual(await noteBeside(home, me), NOTE)
  t.is(await noteBeside(home, me + 1), undefined, 'of somebody else')
  chmodSync(path, 0o664)
  t.is(await noteBeside(home, me), undefined, 'others may write it')
  rmSync(path)
  writeFileSync(path, '{"at":1', { mode: 0o444 })
  t.is(await noteBeside(home, me), undefined, 'damaged')
})

test('a link in the place of a note is not followed', async (t) => {
  const { home, path } = placeOf(t)
  writeFileSync(`${path}.elsewhere`, writtenNote(NOTE), { mode: 0o444 })
  symlinkSync(`${path}.elsewhere`, path)
  t.is(await noteBeside(home, me), undefined)
})
