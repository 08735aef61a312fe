import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { isRefusal, namesOf } from '../../../bridge/files/place.ts'
import { readPlace } from '../../../bridge/files/read.ts'
import { writeNew } from '../../../bridge/files/write.ts'
import { temporaryFolder } from '../../lab/temporary-folder.ts'

/** A home with a folder, a file, and links of every kind; beside it something that is nobody's business. */
function makeHome(): string {
  const root = temporaryFolder()
  const home = join(root, 'home')
  mkdirSync(join(home, 'docs'), { recursive: true })
  writeFileSync(join(root, 'secret'), 'secret')
  writeFileSync(join(home, 'docs', 'letter.txt'), 'dear all')
  symlinkSync('../secret', join(home, 'out'))
  symlinkSync('..', join(home, 'up'))
  symlinkSync('docs', join(home, 'in'))
  mkdirSync(join(home, '.deskfleet'))
  writeFileSync(join(home, '.deskfleet-home'), 'x')
  execFileSync('mkfifo', [join(home, 'pipe')])
  return home
}

async function* text(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

async function statusOf(home: string, path: string): Promise<number | string> {
  const found = await readPlace(home, path)
  if (isRefusal(found)) return found.status
  if ('entries' in found) return 'folder'
  const read = await found.handle.readFile('utf8')
  await found.handle.close()
  return read
}

test('folders are listed, files are read; the desktop keeps its own things to itself', async (t) => {
  const home = makeHome()
  const found = await readPlace(home, '/')
  if (!('entries' in found)) return t.fail()
  t.deepEqual(
    found.entries.map(({ name, kind }) => [name, kind]),
    [
      ['docs', 'folder'],
      ['in', 'link'],
      ['out', 'link'],
      ['pipe', 'other'],
      ['up', 'link'],
    ],
  )
  t.is(await statusOf(home, 'docs'), 'folder')
  t.is(await statusOf(home, '//docs//letter.txt'), 'dear all')
})

test('nothing leads out of the home', async (t) => {
  const home = makeHome()
  const attacks: Record<string, number> = {
    '../secret': 400,
    'docs/../../secret': 400,
    './docs': 400,
    '..': 400,
    'docs/\0': 400,
    out: 403,
    up: 403,
    'up/secret': 404,
    'in/letter.txt': 404,
    pipe: 403,
    '.deskfleet-home': 403,
    '.deskfleet/lock/1': 403,
    'docs/letter.txt/x': 404,
    nothing: 404,
    [`docs/${'x'.repeat(300)}`]: 400,
  }
  for (const [path, status] of Object.entries(attacks)) {
    t.is(await statusOf(home, path), status, JSON.stringify(path))
    const written = await writeNew(home, path.endsWith('.txt') ? `${path}2` : path, text('evil'), 100)
    if (path !== 'nothing') t.true(isRefusal(written), path)
  }
  t.is(readFileSync(join(home, '..', 'secret'), 'utf8'), 'secret')
})

test('whatever the path, its names are plain ones', (t) => {
  const part = fc.constantFrom('..', '.', '', 'a', '%2e%2e', '..\\', '...', '/', '\n', '.deskfleet')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('/')),
      ),
      (path) => {
        const names = namesOf(path)
        if (isRefusal(names)) return
        t.false(names.some((name) => name === '' || name === '.' || name === '..' || name.includes('/')))
      },
    ),
  )
})

test('a new file appears whole, under its name, and never over another', async (t) => {
  const home = makeHome()
  t.deepEqual(await writeNew(home, 'docs/new.txt', text('hello ', 'world'), 100), { size: 11 })
  t.is(readFileSync(join(home, 'docs/new.txt'), 'utf8'), 'hello world')
  t.is(Reflect.get(await writeNew(home, 'docs/new.txt', text('other'), 100), 'status'), 409)
  t.is(Reflect.get(await writeNew(home, 'docs', text('other'), 100), 'status'), 409)
  t.is(Reflect.get(await writeNew(home, 'docs/big', text('x'.repeat(101)), 100), 'status'), 413)
  const broken = async function* () {
    yield Buffer.from('half')
    throw Object.assign(new Error('gone'), { code: 'ECONNRESET' })
  }
  await t.throwsAsync(writeNew(home, 'docs/half', broken(), 100))
  t.is(readFileSync(join(home, 'docs/new.txt'), 'utf8'), 'hello world')
  t.deepEqual(readdirSync(join(home, 'docs')).sort(), ['letter.txt', 'new.txt'], 'nothing is left beside')
})

test('of two who write the same name at once one gets it, and the other is told', async (t) => {
  const home = makeHome()
  const results = await Promise.all(
    ['one', 'two'].map((word) => writeNew(home, 'same', text(word, word), 100)),
  )
  t.is(results.filter((result) => isRefusal(result) && result.status === 409).length, 1)
  t.regex(readFileSync(join(home, 'same'), 'utf8'), /^(oneone|twotwo)$/)
  t.false(existsSync(join(home, 'up', 'same')))
})
