import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import test from 'ava'
import { type BareLab, open, up } from '../../../lab/bare/bare.ts'
import { isAlive, type ProcessIdentity } from '../../../lab/run/processes.ts'
import { readRecord } from '../../../lab/run/record.ts'

const name = `t-${process.pid}`
const owned = { name, ownerPid: process.pid }
let lab: BareLab

test.before(async (t) => {
  t.timeout(1_800_000, 'the first time, binaries are built')
  const [first, second] = await Promise.allSettled([up(owned), up(owned)])
  if (first.status === 'rejected') throw first.reason
  lab = first.value
  t.is(second.status, 'rejected')
  if (second.status === 'rejected')
    t.regex(String(second.reason), /another command \(process \d+\) is at work on/)
})
test.after.always(async () => {
  if (lab && existsSync(lab.dir)) await lab.down()
})

const processesOf = (dir: string): ProcessIdentity[] =>
  readRecord(dir)?.processes.flatMap((one) => one.process ?? []) ?? []

test.serial('the API server is ready and of the pinned version', async (t) => {
  t.is((await lab.run(['get', '--raw', '/readyz'])).stdout, 'ok')
  const version = await lab.run(['version', '--output=json'])
  const pinned = /k8s.io\/kubernetes (v\S+)/.exec(readFileSync('lab/modules/kubernetes/go.mod', 'utf8'))?.[1]
  t.deepEqual(
    [...version.stdout.matchAll(/"gitVersion": "([^"]+)"/g)].map((match) => match[1]),
    [pinned, pinned],
  )
})

test.serial('a healthy lab is reused', async (t) => {
  const lines: string[] = []
  const again = await up({ ...owned, progress: (line) => lines.push(line) })
  t.is(again.server, lab.server)
  // Runs of others whose owners died may be cleared away in passing.
  t.deepEqual(
    lines.filter((line) => line.includes(name)),
    [`the lab "${name}" runs already`],
  )
  t.is((await open(name))?.kubeconfig, lab.kubeconfig)
})

test.serial('nobody gets in without a certificate', async (t) => {
  const ca = readFileSync(join(lab.dir, 'pki', 'cluster-ca.crt'))
  const status = await new Promise((done) =>
    get(`${lab.server}/version`, { ca }, (answer) => done(answer.statusCode)),
  )
  t.is(status, 401)
})

test.serial('RBAC refuses a user without rights, and lets one with rights', async (t) => {
  const kubeconfig = await lab.actAsUser('ada', ['people'])
  const before = await lab.run(['get', 'configmaps'], { kubeconfig })
  t.is(before.code, 1)
  t.regex(before.stderr, /User "ada" cannot list resource "configmaps"/)
  await lab.run(['create', 'role', 'reader', '--verb=list', '--resource=configmaps'])
  await lab.run(['create', 'rolebinding', 'reader', '--role=reader', '--group=people'])
  t.is((await lab.run(['get', 'configmaps'], { kubeconfig })).code, 0)
  const elsewhere = await lab.actAsUser('ada', ['administrators'])
  t.is((await lab.run(['get', 'configmaps'], { kubeconfig: elsewhere })).code, 1)
})

test.serial('a ServiceAccount is acted as by its own token', async (t) => {
  await lab.run(['create', 'serviceaccount', 'robot'])
  const kubeconfig = await lab.actAs('default', 'robot')
  const who = await lab.run(['auth', 'whoami', '--output=jsonpath={.status.userInfo.username}'], {
    kubeconfig,
  })
  t.is(who.stdout, 'system:serviceaccount:default:robot')
  t.is((await lab.run(['get', 'secrets'], { kubeconfig })).code, 1)
  await t.throwsAsync(lab.actAs('default', 'nobody'), {
    message: /no token for default\/nobody: .*not found/,
  })
})

test.serial('the definitions and namespaces of Argo CD and Flux are there', async (t) => {
  const template =
    '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Established")].status} {end}'
  const crds = await lab.run(['get', 'crd', `--output=jsonpath=${template}`])
  const states = crds.stdout.trim().split(' ')
  t.deepEqual(
    states.filter((state) => !state.endsWith('=True')),
    [],
  )
  for (const crd of [
    'applications.argoproj.io',
    'kustomizations.kustomize.toolkit.fluxcd.io',
    'gitrepositories.source.toolkit.fluxcd.io',
  ]) {
    t.true(states.includes(`${crd}=True`), crd)
  }
  t.is((await lab.run(['get', 'namespace', 'argocd', 'flux-system'])).code, 0)
})

test.serial('PodSecurity is enforced', async (t) => {
  await lab.run(['create', 'namespace', 'strict'])
  await lab.run(['label', 'namespace', 'strict', 'pod-security.kubernetes.io/enforce=restricted'])
  const refused = await lab.run(['run', 'x', '--image=x', '--namespace=strict'])
  t.regex(refused.stderr, /violates PodSecurity "restricted:latest"/)
})

test.serial('a guest is started, ended, and no reason to call the lab crashed', async (t) => {
  const pid = await lab.start('guest', 'sleep', ['600'])
  t.true(processesOf(lab.dir).some((one) => one.pid === pid))
  process.kill(pid, 'SIGKILL')
  t.truthy(await open(name))
  await lab.stop('guest')
  await t.throwsAsync(lab.stop('guest'), { message: /nothing called guest/ })
})

test.serial('a hollow node joins, is Ready, and runs a pod', async (t) => {
  t.timeout(600_000)
  await up({ ...owned, hollow: 1 })
  const node = await lab.run([
    'get',
    'node',
    'hollow-1',
    '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}',
  ])
  t.is(node.stdout, 'True')
  await lab.run(['run', 'x', '--image=none'])
  const phase = ['--for=jsonpath={.status.phase}=Running', '--timeout=60s', 'pod/x']
  t.is((await lab.run(['wait', ...phase])).code, 0)
  t.deepEqual(
    readdirSync('/tmp').filter((file) => file.startsWith('hollow-kubelet.')),
    [],
  )
})

test.serial('nothing of the lab listens on any address but 127.0.0.1', (t) => {
  const own = readlinkSync('/proc/self/ns/net')
  const here = processesOf(lab.dir).filter(({ pid }) => readlinkSync(`/proc/${pid}/ns/net`) === own)
  const inodes = new Set(here.flatMap(({ pid }) => socketsOf(pid)))
  const listening = ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/self/net/${table}`, 'latin1').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
    .map((fields) => fields[1]?.split(':')[0])
  t.true(listening.length >= 5)
  t.deepEqual([...new Set(listening)], ['0100007F'])
  // The hollow node's own ports are open on all addresses: of a network that nobody else is in.
  t.is(processesOf(lab.dir).length - here.length, 2)
})

test.serial('down ends every process and removes the folder', async (t) => {
  const all = processesOf(lab.dir)
  t.true(all.length >= 7)
  await lab.down()
  t.deepEqual(all.filter(isAlive), [])
  t.false(existsSync(lab.dir))
  t.is(await open(name), undefined)
})

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return []
    }
  })
}
