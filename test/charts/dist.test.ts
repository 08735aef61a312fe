import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { parse } from 'yaml'
import { APPS, compileCluster, waveOf } from '../../charts/apps.ts'
import { readFolder, swapFolder } from '../../charts/kit/write.ts'
import { readCluster } from '../../config/read.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

const render = (text: string) => {
  const cluster = readCluster({ name: 'cluster.yaml', text })
  if (!cluster.ok) throw new Error('the test file has mistakes')
  const compiled = compileCluster(cluster.value)
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
    'main.ts',
    'cdk8s.yaml',
    'cluster.yaml',
    'package.json',
    'tsconfig.json',
    'docs',
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
      [...APPS.map(({ name }) => name), 'deskfleet'].sort(),
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

test('the order of the list is an order: waves rise, nothing comes after itself', (t) => {
  for (const { name, after } of APPS) for (const earlier of after) t.true(waveOf(earlier) < waveOf(name))
})

test('every desktop template and kind of storage compiles', (t) => {
  t.notThrows(() => render('domain: a.org\nstorage: { kind: path, path: /srv/homes }\n'))
  t.notThrows(() => render('domain: a.org\nstorage: { kind: existing, storageClass: nfs }\nmasters: 5\n'))
})

test('the charts never move from cdk8s objects to others: no hash in any name', (t) => {
  for (const { object } of render(shipped()).rendered) t.notRegex(object.metadata.name, /-c[0-9a-f]{7}$/)
})

test('a swap that fails leaves the folder as it was, and nothing beside it', (t) => {
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

test('a mistake gives messages, exit 1, no stack trace, and an untouched folder', async (t) => {
  const parent = folder(t)
  const dist = join(parent, 'dist')
  swapFolder(dist, new Map([['a/old.yaml', 'old']]))
  const config = join(parent, 'cluster.yaml')
  writeFileSync(config, 'domain: A\nmasters: 2\nstorage:\n  replicas: 9\n')
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

test('a file that is not there is a mistake like any other', async (t) => {
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

test('a folder that holds anything else, or is none, is refused and stays as it is', async (t) => {
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
