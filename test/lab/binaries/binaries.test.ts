import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { buildFlags, collection } from '../../../lab/binaries/build.ts'
import { go, readPins, versionOf } from '../../../lab/binaries/go.ts'
import { cacheKey, locate } from '../../../lab/binaries/locate.ts'
import { architecture, downloadEtcd, downloadKubernetes } from '../../../lab/binaries/releases.ts'
import { MODULES } from '../../../lab/run/places.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl']
const kubernetes = readPins(join(MODULES, 'kubernetes'))
const NOWHERE = { kubernetes: 'http://127.0.0.1:1', etcd: 'http://127.0.0.1:1' }

function executables(folder: string, names: readonly string[]): string {
  mkdirSync(folder, { recursive: true })
  for (const name of names) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

/** A release site on loopback that has the control plane; `sums` may lie. Resolves with its URL. */
async function site(
  t: ExecutionContext,
  sum: (content: string) => string,
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const content = `binary of ${path.replace('.sha256', '')}`
    response.end(path.endsWith('.sha256') ? sum(content) : content)
  })
  t.teardown(() => void server.close())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, asked }
}
const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')

test('versions are read from go.mod', (t) => {
  t.regex(versionOf(kubernetes, 'k8s.io/kubernetes'), /^v1\.\d+\.\d+$/)
  t.is(kubernetes.tools.get('kube-apiserver'), 'k8s.io/kubernetes/cmd/kube-apiserver')
  t.is(readPins(join(MODULES, 'etcd')).tools.get('server'), 'go.etcd.io/etcd/server/v3')
  t.throws(() => versionOf(kubernetes, 'example.org/none'), { message: /requires no example.org\/none/ })
  t.true(
    buildFlags(kubernetes)
      .join(' ')
      .includes(`gitVersion=${versionOf(kubernetes, 'k8s.io/kubernetes')}`),
  )
})

test('the cache is another one for another go.mod, go.sum, architecture or set', (t) => {
  const write = (mod: string, sum: string): ReturnType<typeof readPins> => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'go.mod'), mod)
    writeFileSync(join(folder, 'go.sum'), sum)
    return readPins(folder)
  }
  const mod = 'module x\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v1.37.2\n'
  const key = cacheKey('control-plane', write(mod, 'a'), 'amd64')
  t.is(cacheKey('control-plane', write(mod, 'a'), 'amd64'), key)
  t.not(cacheKey('control-plane', write(mod.replace('.2', '.3'), 'a'), 'amd64'), key)
  t.not(cacheKey('control-plane', write(mod, 'b'), 'amd64'), key)
  t.not(cacheKey('control-plane', write(mod, 'a'), 'arm64'), key)
  t.not(cacheKey('hollow', write(mod, 'a'), 'amd64'), key)
})

test('the assets folder comes before the cache, for each binary that it has', async (t) => {
  const cache = temporaryFolder()
  const assets = executables(temporaryFolder(), ['kube-apiserver', 'kubectl'])
  const kept = executables(join(cache, cacheKey('control-plane', kubernetes)), CONTROL_PLANE)
  const found = await locate(['control-plane'], { assets, cache, releases: NOWHERE })
  t.is(found.get('kube-apiserver'), join(assets, 'kube-apiserver'))
  t.is(found.get('kubectl'), join(assets, 'kubectl'))
  t.is(found.get('kube-scheduler'), join(kept, 'kube-scheduler'))
})

test('the cache comes before a download', async (t) => {
  const cache = temporaryFolder()
  const official = await site(t, sha256)
  executables(join(cache, cacheKey('control-plane', kubernetes)), CONTROL_PLANE)
  await locate(['control-plane'], { cache, releases: { ...NOWHERE, kubernetes: official.url } })
  t.deepEqual(official.asked, [])
})

test('a release is downloaded before anything is built, and then in the cache, executable', async (t) => {
  const cache = temporaryFolder()
  const official = await site(t, sha256)
  const lines: string[] = []
  const releases = { ...NOWHERE, kubernetes: official.url }
  const found = await locate(['control-plane'], { cache, releases, progress: (line) => lines.push(line) })
  const path = `/${versionOf(kubernetes, 'k8s.io/kubernetes')}/bin/linux/${architecture()}/kubectl`
  t.is(readFileSync(found.get('kubectl') ?? '', 'utf8'), `binary of ${path}`)
  t.true(found.get('kubectl')?.startsWith(join(cache, cacheKey('control-plane', kubernetes))))
  t.notThrows(() => chmodSync(found.get('kubectl') ?? '', 0o755))
  t.false(lines.some((line) => line.includes('building')))
  t.deepEqual(
    readdirSync(cache).filter((name) => !name.startsWith('control-plane-')),
    [],
  )
  t.is(readdirSync(cache).length, 1)
})

test('two that need the same at once make it once', async (t) => {
  const cache = temporaryFolder()
  const official = await site(t, sha256)
  const sources = { cache, releases: { ...NOWHERE, kubernetes: official.url } }
  const both = await Promise.all([locate(['control-plane'], sources), locate(['control-plane'], sources)])
  t.deepEqual(both[0], both[1])
  t.is(official.asked.length, 2 * CONTROL_PLANE.length)
})

test('a download with another checksum is not used and not kept', async (t) => {
  const folder = temporaryFolder()
  const official = await site(t, () => '0'.repeat(64))
  await t.throwsAsync(
    downloadKubernetes(official.url, 'v1.37.2', ['kubectl'], folder, () => {}),
    { message: /is published: it was not used/ },
  )
  t.false(existsSync(join(folder, 'kubectl')))
})

test('etcd is unpacked out of its archive, which is checked and not kept', async (t) => {
  const stem = `etcd-v3.7.3-linux-${architecture()}`
  const from = temporaryFolder()
  executables(join(from, stem), ['etcd', 'etcdctl'])
  execFileSync('tar', ['-czf', join(from, `${stem}.tar.gz`), '-C', from, stem])
  const archive = readFileSync(join(from, `${stem}.tar.gz`))
  const sum = createHash('sha256').update(archive).digest('hex')
  const sums = `${'1'.repeat(64)}  other.tar.gz\n${sum}  ${stem}.tar.gz\n`
  const server = createServer((request, response) =>
    response.end(request.url === '/v3.7.3/SHA256SUMS' ? sums : archive),
  )
  t.teardown(() => void server.close())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const folder = temporaryFolder()
  await downloadEtcd(url, 'v3.7.3', ['etcd'], folder, () => {})
  t.deepEqual(readdirSync(folder), ['etcd'])
  t.is(execFileSync(join(folder, 'etcd'), { encoding: 'utf8' }), 'etcd\n')
})

test('a site that cannot be reached is said in one line', async (t) => {
  const error = await t.throwsAsync(
    downloadKubernetes(NOWHERE.kubernetes, 'v1.37.2', ['kubectl'], temporaryFolder(), () => {}),
  )
  t.regex(error.message, /^127\.0\.0\.1:1 cannot be reached \(.+\)$/)
})

test('a machine without Go is told what to do', async (t) => {
  await t.throwsAsync(go(kubernetes, ['version'], { PATH: '/nowhere' }), {
    message: /Go is not installed\. Install Go .* or set KUBEBUILDER_ASSETS/,
  })
})

test('a Go that is too old is told apart from a build that fails', async (t) => {
  const bin = temporaryFolder()
  writeFileSync(
    join(bin, 'go'),
    '#!/bin/sh\necho "go: go.mod requires go >= 1.26.0 (running go 1.19)" >&2\nexit 1\n',
  )
  chmodSync(join(bin, 'go'), 0o755)
  await t.throwsAsync(go(kubernetes, ['version'], { PATH: `${bin}:/bin:/usr/bin` }), {
    message: /this Go is too old for .*kubernetes \(needs 1\.26\.0\)\. Install Go/,
  })
})

test('the compiler is given room only where the machine has it', (t) => {
  t.deepEqual(collection(4 * 2 ** 30), {})
  t.deepEqual(collection(16 * 2 ** 30), { GOGC: '400' })
})
