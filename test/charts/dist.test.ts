import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { parse } from 'yaml'
import { APPS, compileCluster, waveOf } from '../../charts/apps.ts'
import { readFolder, swapFolder } from '../../charts/kit/write.ts'
import { readCluster } from '../../config/read.ts'
import { byRelease, readRelease, releaseText } from '../../config/release.ts'
import type { Cluster } from '../../config/schema.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** With the digests of the last release, where there is one. */
function released(cluster: Cluster): Cluster {
  const file = join(root, 'release/images.json')
  const release = existsSync(file) ? readRelease(file, readFileSync(file, 'utf8')) : undefined
  if (release !== undefined && 'finding' in release) throw new Error(release.finding.what)
  return release ? byRelease(cluster, release) : cluster
}

const render = (text: string) => {
  const cluster = readCluster({ name: 'cluster.yaml', text })
  if (!cluster.ok) throw new Error('the test file has mistakes')
  const compiled = compileCluster(released(cluster.value))
  if (!compiled.ok)
    throw new Error(compiled.findings.map(({ where, what }) => `${where}: ${what}`).join('\n'))
  return compiled.value
}

const shipped = () => readFileSync(join(root, 'cluster.yaml'), 'utf8')

const folder = (t: { teardown: (undo: () => void) => void }): string => {
  const path = mkdtempSync(join(tmpdir(), 'deskfleet-dist-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('the committed dist/ is what cluster.yaml and the charts give', (t) => {
  t.deepEqual(new Map(readFolder(join(root, 'dist'))), new Map(render(shipped()).files))
})

test('two synths give the same bytes', (t) => {
  t.deepEqual([...render(shipped()).files], [...render(shipped()).files])
})

test('cdk8s synth and node main.ts give the same folder', async (t) => {
  const copy = folder(t)
  for (const name of [
    'charts',
    'config',
    'desktop',
    'orchestrator',
    'main.ts',
    'cdk8s.yaml',
    'cluster.yaml',
    'package.json',
    'tsconfig.json',
    'docs',
    'release',
  ]) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  await run(join(root, 'node_modules/.bin/cdk8s'), ['synth', '--check-upgrade=false'], {
    cwd: copy,
    env: { ...process.env, CHECK_UPGRADE: '0' },
  })
  t.deepEqual(readFolder(join(copy, 'dist')), readFolder(join(root, 'dist')))
})

for (const kind of ['argo', 'flux'] as const) {
  test(`every app is delivered by ${kind}, from the one list`, (t) => {
    const { files } = render(
      `domain: a.org\nhosts:\n  address: 192.0.2.10/24\nstorage:\n  kind: path\n  path: /srv/deskfleet\ndelivery:\n  kind: ${kind}\n`,
    )
    const wanted = kind === 'argo' ? 'Application' : 'Kustomization'
    const delivered = [...files]
      .filter(([path]) => path.startsWith('delivery/'))
      .map(([, text]) => parse(text))
      .filter((object) => object.kind === wanted)
    t.deepEqual(
      delivered.map((object) => object.metadata.name).sort(),
      // Where no service has a route there is nothing for the ingress to do; and registry and Git are somebody else's.
      [
        ...APPS.map(({ name }) => name).filter((name) => !['ingress', 'sources'].includes(name)),
        'deskfleet',
      ].sort(),
    )
    for (const object of delivered) {
      const path: string = object.spec.source?.path ?? object.spec.path
      const app = path.split('/').at(-1)
      t.true(
        [...files.keys()].some((file) => file.startsWith(`${app}/`)),
        `${path} holds nothing`,
      )
    }
  })
}

test('every app has a later wave than the apps it comes after', (t) => {
  for (const { name, after } of APPS) for (const earlier of after) t.true(waveOf(earlier) < waveOf(name))
})

test('every desktop template and kind of storage compiles', (t) => {
  t.notThrows(() => render('domain: a.org\nstorage: { kind: path, path: /srv/homes }\n'))
  t.notThrows(() =>
    render('domain: a.org\nstorage: { kind: existing, storageClass: nfs }\nmasters: { count: 5 }\n'),
  )
})

test('no name has a hash that cdk8s makes of the construct tree', (t) => {
  for (const { object } of render(shipped()).rendered) t.notRegex(object.metadata.name, /-c[0-9a-f]{7}$/)
})

test('a swap that fails leaves the old folder, and no temporary files', (t) => {
  const parent = folder(t)
  const dist = join(parent, 'dist')
  swapFolder(dist, new Map([['a/old.yaml', 'old']]))
  // A file where a folder is needed: the write fails half way.
  t.throws(() =>
    swapFolder(
      dist,
      new Map([
        ['a/new.yaml', 'new'],
        ['a/new.yaml/x', 'impossible'],
      ]),
    ),
  )
  t.deepEqual(readFolder(parent), new Map([['dist/a/old.yaml', 'old']]))
})

test('a swap leaves no stale file', (t) => {
  const dist = join(folder(t), 'dist')
  swapFolder(dist, new Map([['a/old.yaml', 'old']]))
  swapFolder(dist, new Map([['a/new.yaml', 'new']]))
  t.deepEqual(readFolder(dist), new Map([['a/new.yaml', 'new']]))
})

test('a release names our images by digest, in dist/ and in what the gateway starts', async (t) => {
  const parent = folder(t)
  const digest = `sha256:${'5'.repeat(64)}`
  const names = ['deskfleet', 'ldap', 'door', 'gluster', 'desktop', 'desktop-light']
  const record = join(parent, 'images.json')
  const synth = () =>
    run(process.execPath, ['main.ts', '--release', record, '--out', join(parent, 'dist')], { cwd: root })
  writeFileSync(record, releaseText(Object.fromEntries(names.map((name) => [name, digest]))))
  await synth()
  const before = readFolder(join(parent, 'dist'))
  const named = [...before.values()].flatMap((text) =>
    [...text.matchAll(/\bimage: "?([^\s"]+)/g)].map(([, image = '']) => image),
  )
  t.true(named.length > 5)
  t.deepEqual(
    named.filter((image) => !image.endsWith(`@${digest}`)),
    [],
  )
  const offered = [...before].find(([path]) => path.includes('ConfigMap.deskfleet-system.gateway'))?.[1] ?? ''
  t.true(offered.includes(`/desktop-light@${digest}`))
  // A record that somebody spoiled changes nothing.
  writeFileSync(record, '{}')
  const refused = await t.throwsAsync(synth())
  t.regex(String(Reflect.get(refused ?? {}, 'stderr')), /written by npm run release alone/)
  t.deepEqual(readFolder(join(parent, 'dist')), before)
})

test('a mistake gives messages, exit 1, no stack trace, and an untouched folder', async (t) => {
  const parent = folder(t)
  const dist = join(parent, 'dist')
  swapFolder(dist, new Map([['a/old.yaml', 'old']]))
  const config = join(parent, 'cluster.yaml')
  writeFileSync(config, 'domain: A\nmasters: { count: 2 }\nstorage:\n  replicas: 9\n')
  const failure = await t.throwsAsync<Error & { code: number; stderr: string; stdout: string }>(
    run(process.execPath, [join(root, 'main.ts'), '--config', config, '--out', dist]),
  )
  t.is(failure.code, 1)
  const lines = failure.stderr.trim().split('\n')
  t.is(lines.length, 4, failure.stderr)
  t.regex(lines[0] ?? '', /cluster\.yaml:1: domain is "A"/)
  t.is(lines[3], '3 mistakes; nothing was written.')
  t.notRegex(failure.stderr, /at .*\.ts:/)
  t.deepEqual(readFolder(dist), new Map([['a/old.yaml', 'old']]))
})

test('a settings file that does not exist gives a message and exit 1', async (t) => {
  const failure = await t.throwsAsync<Error & { code: number; stderr: string }>(
    run(process.execPath, [
      join(root, 'main.ts'),
      '--config',
      'nowhere.yaml',
      '--out',
      join(folder(t), 'dist'),
    ]),
  )
  t.is(failure.code, 1)
  t.regex(failure.stderr, /nowhere\.yaml: ENOENT/)
})

test('an output folder with foreign files, or none that can be written, is refused and left alone', async (t) => {
  const parent = folder(t)
  writeFileSync(join(parent, 'mine.yaml'), 'mine')
  for (const [out, says] of [
    [parent, /it holds mine\.yaml, which synth did not write/],
    [join(parent, 'mine.yaml'), /it is not a folder/],
    [join(parent, 'mine.yaml', 'x'), /ENOTDIR/],
    ['', /it has no name/],
  ] as const) {
    const failure = await t.throwsAsync<Error & { code: number; stderr: string }>(
      run(process.execPath, [join(root, 'main.ts'), '--out', out]),
    )
    t.is(failure.code, 1)
    t.regex(failure.stderr, says)
    t.notRegex(failure.stderr, /at .*\.ts:/)
  }
  t.deepEqual(readFolder(parent), new Map([['mine.yaml', 'mine']]))
  await t.notThrowsAsync(run(process.execPath, [join(root, 'main.ts'), '--out', `${join(parent, 'new')}/`]))
})

test('--check tells a stale folder from a current one', async (t) => {
  const dist = join(folder(t), 'dist')
  const check = () => run(process.execPath, [join(root, 'main.ts'), '--check', '--out', dist])
  cpSync(join(root, 'dist'), dist, { recursive: true })
  await t.notThrowsAsync(check())
  writeFileSync(
    join(dist, 'webhook/ConfigMap.a.stray.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: stray, namespace: a }\n',
  )
  const failure = await t.throwsAsync<Error & { code: number; stderr: string }>(check())
  t.is(failure.code, 1)
  t.regex(failure.stderr, /- ConfigMap a\/stray/)
})
