import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node'
import anyTest, { type TestFn } from 'ava'
import pino from 'pino'
import { type KnownIdentity, watchIdentities } from '../../cluster/identities.ts'
import type { Watched } from '../../cluster/watch.ts'
import { API_GROUP, API_VERSION, IDENTITY } from '../../config/names.ts'
import { defineIdentities } from '../harness/definition.ts'
import { type OwnLab, ownLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { type Line, lineTo } from '../webhook/cut.ts'
import { person } from '../webhook/people.ts'

const test = anyTest as TestFn<{ identities: Watched<KnownIdentity>; line: Line }>
const kind = { group: API_GROUP, version: API_VERSION, plural: IDENTITY.plural }
const spec = { ...person('ada').spec }
const whole = (identity: KnownIdentity) => identity

// A lab of its own: where the identity sync runs, nobody else's people stay for long.
let home: OwnLab
let api: CustomObjectsApi

test.before(async () => {
  home = await ownLab()
  await defineIdentities(home.lab)
  api = home.kubeConfig.makeApiClient(CustomObjectsApi)
})
test.after.always(() => home?.end())

/** Watches through a line that the test can cut. */
test.beforeEach(async (t) => {
  const line = await lineTo(Number(new URL(home.lab.server).port))
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(home.lab.kubeconfig)
  kubeConfig.clusters = kubeConfig.clusters.map((one) => ({
    ...one,
    server: `https://127.0.0.1:${line.port}`,
  }))
  const identities = watchIdentities(kubeConfig, pino({ level: 'silent' }), whole)
  await eventually('ready', identities.ready)
  t.context = { line, identities }
})
test.afterEach.always(async (t) => {
  await t.context.identities?.stop()
  t.context.line?.end()
})

async function publish(name: string, change: object = {}): Promise<void> {
  const body = {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: IDENTITY.kind,
    metadata: { name },
    spec: { ...spec, ...change },
  }
  await api.createClusterCustomObject({ ...kind, body })
}

const remove = (name: string) => api.deleteClusterCustomObject({ ...kind, name })

test.serial(
  'somebody published is known at once, changed when they change, and forgotten when removed',
  async (t) => {
    const { get: lookup } = t.context.identities
    t.is(lookup('new'), undefined)
    await publish('new')
    await eventually('known', () => lookup('new')?.spec.uid === 10_001)
    const patch = [{ op: 'replace', path: '/spec/shell', value: '/bin/zsh' }]
    await api.patchClusterCustomObject({ ...kind, name: 'new', body: patch })
    await eventually('changed', () => lookup('new')?.spec.shell === '/bin/zsh')
    await remove('new')
    await eventually('forgotten', () => lookup('new') === undefined)
  },
)

test.serial('who is there before the start is known when it is ready, page by page', async (t) => {
  const names = Array.from({ length: 25 }, (_, i) => `old-${i}`)
  for (let at = 0; at < names.length; at += 50)
    await Promise.all(names.slice(at, at + 50).map((name) => publish(name)))
  const fresh = watchIdentities(home.kubeConfig, pino({ level: 'silent' }), whole, { page: 10 })
  t.teardown(() => fresh.stop())
  t.is(fresh.size(), 0)
  t.false(fresh.ready())
  await eventually('ready', fresh.ready)
  t.is(fresh.size(), names.length)
  const { stdout } = await home.lab.run(['delete', IDENTITY.plural, '--all', '--wait=false'])
  t.true(stdout.includes('old-24'))
  await eventually('all forgotten', () => fresh.size() === 0)
})

test.serial(
  'while the API server is out of reach, everybody stays known; afterwards, all that was missed is there',
  async (t) => {
    const { identities, line } = t.context
    await publish('stays')
    await publish('leaves')
    await eventually('known', () => identities.size() === 2)
    line.cut()
    const seen = identities.seen()
    await publish('comes')
    await remove('leaves')
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    t.truthy(identities.get('stays'))
    t.truthy(identities.get('leaves'), 'an error forgets nobody')
    t.is(identities.get('comes'), undefined)
    t.true(identities.ready())
    t.true((identities.seen() ?? 0) - (seen ?? 0) < 1_000, 'the age grows')
    line.mend()
    await eventually(
      'caught up',
      () => identities.get('comes') !== undefined && identities.get('leaves') === undefined,
    )
    await Promise.all([remove('stays'), remove('comes')])
  },
)

test.serial('a start without an API server waits, and is not ready', async (t) => {
  const { line } = t.context
  line.cut()
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(home.lab.kubeconfig)
  kubeConfig.clusters = kubeConfig.clusters.map((one) => ({
    ...one,
    server: `https://127.0.0.1:${line.port}`,
  }))
  const late = watchIdentities(kubeConfig, pino({ level: 'silent' }), whole)
  t.teardown(() => late.stop())
  await new Promise((resolve) => setTimeout(resolve, 700))
  t.false(late.ready())
  line.mend()
  await eventually('ready', late.ready)
})
