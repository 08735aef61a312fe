import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { isRefusal, namesOf } from '../../../bridge/files/place.ts'
import { readPlace } from '../../../bridge/files/read.ts'
import { writeNew as writeAt } from '../../../bridge/files/write.ts'
import { encodedPath, LONGEST_LIST, pathBytes, shownName } from '../../../config/file-path.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

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

const writeNew = (home: string, path: string, bytes: AsyncIterable<Uint8Array>, atMost: number) =>
  writeAt(home, Buffer.from(path), bytes, atMost)

async function statusOf(home: string, path: string): Promise<number | string> {
  const found = await readPlace(home, Buffer.from(path))
  if (isRefusal(found)) return found.status
  if ('entries' in found) return 'folder'
  const read = await found.handle.readFile('utf8')
  await found.handle.close()
  return read
}

test('folders are listed, files are read; the desktop keeps its own things to itself', async (t) => {
  const home = makeHome()
  const found = await readPlace(home, Buffer.from('/'))
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
        const names = namesOf(Buffer.from(path))
        if (isRefusal(names)) return
        t.false(names.some((name) => ['', '.', '..'].includes(name.toString()) || name.includes('/')))
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

/** Bytes as Latin-1 text, and how people see them. */
const NAMES: Readonly<Record<string, string>> = {
  'caf\xe9.txt': 'caf\\xE9.txt',
  'caf\xe8.txt': 'caf\\xE8.txt',
  'two\nlines': 'two\\x0Alines',
  'back\\slash': 'back\\slash',
  '100% & more? #1 +2': '100% & more? #1 +2',
  '\xc3\xbcber': 'über',
  'half \xf0\x9f\x98': 'half \\xF0\\x9F\\x98',
  'zu \xe2\x80\xaetxt.exe': 'zu \\u{202E}txt.exe',
  '\xff': '\\xFF',
  '\x01\x7f': '\\x01\\x7F',
  '\xef\xbb\xbfmark': '\\u{FEFF}mark',
}

test('all that is listed can be had, and sent, whatever bytes its name has; and folders can be walked', async (t) => {
  const home = temporaryFolder()
  const at = (...names: string[]) =>
    Buffer.concat([Buffer.from(`${home}/`), Buffer.from(names.join('/'), 'latin1')])
  const folder = 'D\xfcsseldorf\n'
  mkdirSync(at(folder))
  for (const name of Object.keys(NAMES)) writeFileSync(at(folder, name), name)
  const top = await readPlace(home, Buffer.alloc(0))
  if (!('entries' in top)) return t.fail()
  t.like(top.entries[0], { name: 'D\\xFCsseldorf\\x0A', odd: true, kind: 'folder' })
  const into = top.entries[0]?.at ?? ''
  const list = await readPlace(home, pathBytes(into) ?? Buffer.alloc(0))
  if (!('entries' in list)) return t.fail()
  t.deepEqual(list.entries.map(({ name }) => name).sort(), Object.values(NAMES).sort())
  t.is(list.entries.filter(({ odd }) => odd).length, 8)
  for (const entry of list.entries) {
    const found = await readPlace(home, pathBytes(`${into}/${entry.at}`) ?? Buffer.alloc(0))
    if (!('handle' in found)) return t.fail(entry.name)
    t.is(shownName(Buffer.from(await found.handle.readFile('utf8'), 'latin1')), entry.name)
    await found.handle.close()
    const copy = pathBytes(`${into}/${entry.at}-sent`) ?? Buffer.alloc(0)
    t.deepEqual(await writeAt(home, copy, text('sent'), 100), { size: 4 }, entry.name)
  }
  t.is(readdirSync(at(folder)).length, 2 * Object.keys(NAMES).length)
  return undefined
})

test('whatever a path is, it is the same after its way through an address', (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const encoded = encodedPath(bytes)
      return /^[!-~]*$/.test(encoded) && (pathBytes(encoded)?.equals(bytes) ?? false)
    }),
  )
  for (const encoded of ['%', '%4', 'a%zz', '%-1']) t.is(pathBytes(encoded), undefined)
})

test('what is shown of a name is one line, which holds nothing that hides itself', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      t.notRegex(shownName(bytes), /[\p{Cc}\p{Cs}\u202e\u2028\ufeff]/u)
    }),
  )
})

test('a list is never longer than the gateway reads, and says that there is more', async (t) => {
  const home = temporaryFolder()
  for (let count = 0; count < 2_000; count++)
    writeFileSync(
      Buffer.concat([Buffer.from(`${home}/`), Buffer.alloc(250, 0xe9), Buffer.from(String(count))]),
      '',
    )
  const list = await readPlace(home, Buffer.alloc(0))
  if (!('entries' in list)) return t.fail()
  t.true(list.more)
  t.true(Buffer.byteLength(JSON.stringify(list)) < LONGEST_LIST + 1_000)
  t.true(list.entries.length > 300)
  return undefined
})
