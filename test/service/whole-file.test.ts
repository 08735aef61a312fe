import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { layWhole, type Wanted } from '../../service/whole-file.ts'

const RULES = { now: Date.now, spare: 0 }
const HOUR = 3_600_000

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'deskfleet-whole-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const text: Wanted = {
  size: 4,
  lay: (path) => writeFile(path, 'text'),
  matches: async (path) => readFileSync(path, 'utf8') === 'text',
}

test('a file is there whole, under its name alone, and takes the place of an older one', async (t) => {
  const folder = folderOf(t)
  writeFileSync(join(folder, 'copy'), 'older')
  await layWhole(folder, 'copy', text, RULES)
  t.deepEqual(readdirSync(folder), ['copy'])
  t.is(readFileSync(join(folder, 'copy'), 'utf8'), 'text')
})

test('what is read again and is something else, or was not written to its end, leaves the older one as it was', async (t) => {
  const folder = folderOf(t)
  writeFileSync(join(folder, 'copy'), 'older')
  const altered = { ...text, lay: (path: string) => writeFile(path, 'tex_') }
  await t.throwsAsync(layWhole(folder, 'copy', altered, RULES), { message: /look at the disk/ })
  const cut = {
    ...text,
    lay: (path: string) => writeFile(path, 'te').then(() => Promise.reject(new Error('cut'))),
  }
  await t.throwsAsync(layWhole(folder, 'copy', cut, RULES), { message: 'cut' })
  t.deepEqual(readdirSync(folder), ['copy'])
  t.is(readFileSync(join(folder, 'copy'), 'utf8'), 'older')
})

test('others keep their room', async (t) => {
  const folder = folderOf(t)
  const much = { ...RULES, spare: 2 ** 60 }
  await t.throwsAsync(layWhole(folder, 'copy', text, much), { message: /too little room/ })
  t.deepEqual(readdirSync(folder), [])
})

test('what a crash left half written goes after an hour, and what another one writes now stays', async (t) => {
  const folder = folderOf(t)
  for (const name of ['.making-old', '.making-new']) writeFileSync(join(folder, name), 'half')
  const long = new Date(Date.now() - HOUR - 60_000)
  utimesSync(join(folder, '.making-old'), long, long)
  await layWhole(folder, 'copy', text, RULES)
  t.deepEqual(readdirSync(folder).sort(), ['.making-new', 'copy'])
})
