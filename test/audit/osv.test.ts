import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { joined, mainsOf, replacementsIn } from '../../audit/go.ts'
import { advisoriesOf, Entry } from '../../audit/osv.ts'
import { compareVersions } from '../../audit/semver.ts'

/** Real entries of Go's database (https://go.dev/security/vuln/database, CC BY 4.0), without their symbols. */
const entry = (id: string) =>
  Entry.parse(JSON.parse(readFileSync(join(import.meta.dirname, 'cases', `${id}.json`), 'utf8')))
const FRAMING = entry('GO-2026-6610')
const WITHDRAWN = entry('GO-2022-0617')

const HTTP = new Set(['net/http', 'net/http/internal/http2', 'golang.org/x/net/http2'])
const matches = (name: string, version: string, packages: ReadonlySet<string> | undefined = HTTP) =>
  advisoriesOf({ name, version, where: 'here', packages }, [FRAMING, WITHDRAWN])

test("Go's own library matches below each mended version, and not at or above it", (t) => {
  for (const version of ['1.25.0', '1.26.8', '1.27.0-rc.1', '1.27.1'])
    t.is(matches('stdlib', version).length, 1, version)
  for (const version of ['1.26.9', '1.26.10', '1.27.2', '1.28.0'])
    t.deepEqual(matches('stdlib', version), [], version)
  t.is(matches('stdlib', '1.26.8')[0]?.fixed, '1.26.9')
  t.is(matches('stdlib', '1.27.1')[0]?.fixed, '1.27.2')
})

test('a module matches by name and version', (t) => {
  t.like(matches('golang.org/x/net', 'v0.59.0')[0], { id: 'GO-2026-6610', fixed: '0.60.0', where: ['here'] })
  t.deepEqual(matches('golang.org/x/net', 'v0.60.0'), [])
  t.deepEqual(matches('golang.org/x/networks', 'v0.1.0'), [])
})

test('what is not built in does not match; what nobody knows does', (t) => {
  t.deepEqual(matches('golang.org/x/net', 'v0.59.0', new Set(['golang.org/x/net/html'])), [])
  t.is(
    advisoriesOf({ name: 'golang.org/x/net', version: 'v0.59.0', where: 'here', packages: undefined }, [
      FRAMING,
    ]).length,
    1,
  )
})

test('an entry that was withdrawn counts no more', (t) => {
  const [one] = WITHDRAWN.affected
  t.truthy(WITHDRAWN.withdrawn)
  t.deepEqual(matches(one?.package.name ?? '', 'v0.0.1', undefined), [])
  const { withdrawn: _, ...stands } = WITHDRAWN
  const module = { name: one?.package.name ?? '', version: 'v0.0.1', where: 'here', packages: undefined }
  t.is(advisoriesOf(module, [stands]).length, 1, 'the same, not withdrawn')
})

test('the same fault in several places and versions is told once', (t) => {
  const [advisory] = matches('stdlib', '1.26.8')
  if (advisory === undefined) return t.fail()
  const told = joined([advisory, { ...advisory, where: ['there'] }, { ...advisory, version: '1.26.7' }])
  t.deepEqual(
    told.map(({ version, where }) => [version, where]),
    [['1.26.7, 1.26.8', ['here', 'there']]],
  )
})

const PINS = [
  'module x',
  'require example.org/main v1.2.3',
  'require (',
  '\texample.org/part v0.0.0 // indirect',
  '\texample.org/other v0.1.0',
  ')',
  'replace example.org/part => example.org/part v0.37.2',
  'replace (',
  '\texample.org/a v1.0.0 => example.org/b v2.0.0',
  '\texample.org/c => ./here',
  ')',
].join('\n')

test('a module that another one stands in for is judged as that one', (t) => {
  t.deepEqual(
    [...replacementsIn(PINS)],
    [
      ['example.org/part', { name: 'example.org/part', version: 'v0.37.2' }],
      ['example.org/a', { name: 'example.org/b', version: 'v2.0.0' }],
    ],
  )
})

test('newest versions are asked of what is required for itself, and of what commands are built from', (t) => {
  const versions = new Map([
    ['example.org/main', 'v1.2.3'],
    ['example.org/part', 'v0.0.0'],
    ['example.org/other', 'v0.1.0'],
    ['example.org/tool', 'v3.0.0'],
  ])
  const tools = new Map([['tool', 'example.org/tool/cmd']])
  const pins = { folder: 'x', go: '1.26.0', versions, tools, digest: '' }
  t.deepEqual(
    mainsOf(pins, PINS).map(([name]) => name),
    ['example.org/main', 'example.org/other', 'example.org/tool'],
  )
})

test('versions are ordered as semver.org says', (t) => {
  const order = [
    'v1.0.0-0.20200101000000-abc',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    'v1.0.0+incompatible',
    '1.0.1',
    '1.9.0',
    '1.10.0',
  ]
  for (const [index, one] of order.entries())
    for (const [other, two] of order.entries())
      t.is(Math.sign(compareVersions(one, two)), Math.sign(index - other), `${one} and ${two}`)
})

test('the order of any two versions is that of the other way round', (t) => {
  const part = fc.oneof(fc.nat(30).map(String), fc.stringMatching(/^[a-z]{1,3}$/))
  const version = fc
    .tuple(fc.nat(3), fc.nat(12), fc.nat(3), fc.array(part, { maxLength: 3 }))
    .map(([a, b, c, end]) => `${a}.${b}.${c}${end.length > 0 ? `-${end.join('.')}` : ''}`)
  t.notThrows(() =>
    fc.assert(
      fc.property(
        version,
        version,
        (a, b) => Math.sign(compareVersions(a, b)) === -Math.sign(compareVersions(b, a)),
      ),
    ),
  )
})
