import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { picture, withPicture } from '../../docs/picture/draw.ts'
import { type Import, importsOf } from '../../docs/picture/imports.ts'
import { type Place, placeOf, placesOf } from '../../docs/picture/page.ts'

/** docs/architecture.md is the layout in words; here it is held against the sources and against README.md. */

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const page = read('docs/architecture.md')
const places = placesOf(page)
const imports = importsOf(root)

/** Files at the top that are places of their own; the others are settings of tools, and pages. */
const TOP_FILE = /\.ts$|^cluster\.yaml$/

test('the page has each folder that exists, and no other', (t) => {
  const there = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
    if (entry.isDirectory()) return entry.name.startsWith('dist.tmp-') ? [] : `${entry.name}/`
    return TOP_FILE.test(entry.name) ? entry.name : []
  })
  t.deepEqual(places.map(({ name }) => name).sort(), [...there, 'charts/kit/'].sort())
})

/** Allowed everywhere, as the page says below its tables. */
const EVERYBODYS = ['@kubernetes/client-node', 'pino', 'prom-client', 'zod']

function wrong(
  table: readonly Place[],
  { from, file, package: wanted }: Pick<Import, 'from' | 'file' | 'package'>,
): boolean {
  const place = placeOf(from, table)
  if (place === undefined) return true
  if (wanted !== undefined) {
    return ![...EVERYBODYS, ...(place.packages === 'anything' ? [wanted] : place.packages)].includes(wanted)
  }
  const target = file === undefined ? undefined : placeOf(file, table)
  if (target === undefined || target === place || target.name === 'config/') return false
  return place.places !== 'anything' && !place.places.includes(target.name)
}

test('every import is one that the page allows, types included', (t) => {
  t.true(imports.length > 500)
  t.deepEqual(
    imports.filter((one) => wrong(places, one)),
    [],
  )
})

test('an import that the page does not allow is seen', (t) => {
  const from = 'webhook/decide.ts'
  t.true(wrong(places, { from, file: 'gateway/main.ts' }))
  t.true(wrong(places, { from, package: 'ldapts' }))
  t.true(wrong(places, { from: 'elsewhere/x.ts', file: 'config/names.ts' }))
  t.true(wrong(places, { from: 'charts/kit/x.ts', file: 'charts/apps.ts' }))
  t.false(wrong(places, { from, file: 'config/names.ts' }))
  t.false(wrong(places, { from, package: 'zod' }))
  t.false(wrong(places, { from: 'test/x.ts', file: 'gateway/main.ts' }))
})

test('the picture is drawn from the imports as they are', (t) => {
  t.is(page, withPicture(page, picture(places, imports)), 'npm run picture draws it anew')
})

/** A text in one line, without the marks of comments. */
const plain = (text: string) => text.replace(/^(\s*(\/\*\*|\*|#|\/\/))? */gm, '').replace(/\s+/g, ' ')

test("README's table has the same places and sentences", (t) => {
  const rows = new Map(
    [...read('README.md').matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name = '', what = '']) => [
      name,
      what,
    ]),
  )
  for (const { name, sentence } of places) {
    t.true(rows.get(name)?.startsWith(sentence), `README.md should say of ${name}: ${sentence}`)
  }
})

test('the file to open first begins with the sentence of its place', (t) => {
  for (const { name, sentence, first } of places) {
    if (!/\.ts$/.test(first)) continue
    t.true(
      plain(read(first).slice(0, 600)).includes(`\`${name}\`: ${sentence}`),
      `${first} should say: \`${name}\`: ${sentence}`,
    )
  }
})
