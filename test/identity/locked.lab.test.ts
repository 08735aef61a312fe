import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { writeLock } from '../../cluster/locked-people.ts'
import { type Lock, lockLine, lockOf, readLock } from '../../config/lock.ts'
import { GATEWAY, LOCKED_PEOPLE, NAMESPACES } from '../../config/names.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { becomes, eventually } from '../harness/wait.ts'
import { carrying, namespace, type ProofLab, people, proofLab } from './proof-lab.ts'

/** Who is locked in the cluster itself runs nothing although no webhook is there, and the list stays as it should be. */

let proofs: ProofLab
test.before(async () => {
  proofs = await proofLab()
  const problems = await applyFolder(proofs.lab, `${proofs.lab.dir}/dist/gateway`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
})
test.after.always(() => proofs?.lab.down())

const system = NAMESPACES.system
const LIST = ['configmap', LOCKED_PEOPLE, '-n', system]
const specOf = (slug: string) => {
  const found = people.find(({ metadata }) => metadata.name === slug)
  if (!found) throw new Error(`nobody is called ${slug}`)
  return found.spec
}
const line = (slug: string, change: object = {}) =>
  lockLine(lockOf({ ...specOf(slug), ...change }, new Date('2026-11-26T17:00:00Z'), 'lost laptop'))

const patch = (data: Record<string, string | null>) =>
  proofs.lab.run(['patch', ...LIST, '--type=merge', '-p', JSON.stringify({ data })])

async function set(data: Record<string, string | null>): Promise<void> {
  const { code, stderr } = await patch(data)
  if (code !== 0) throw new Error(stderr)
}

/** What the API server says of an honest pod of that person: nothing when it is taken. */
const refusal = async (slug: string) => (await proofs.create(carrying(slug))).stderr
const isTaken = (slug: string) =>
  eventually(`a pod of ${slug} is taken`, async () => (await refusal(slug)) === '')
const isRefused = (slug: string) =>
  becomes(`a pod of ${slug}`, async () => /locked the account in the cluster/.test(await refusal(slug)), true)

test.serial('with an empty list everybody who is known is taken', async (t) => {
  for (const slug of ['ada', 'bob']) t.is(await refusal(slug), '', slug)
})

test.serial(
  'who is locked is refused without any webhook, also in a pod that runs; nobody else is',
  async (t) => {
    const running = carrying('ada')
    running.metadata.name = 'running'
    await proofs.must(['create', '-f', '-'], running)
    await set({ ada: line('ada') })
    await isRefused('ada')
    t.regex(await refusal('ada'), /at 2026-11-26T17:00:00.000Z: .*people unlock/)
    t.is(await refusal('bob'), '')
    const late = { name: 'late', image: 'registry.room.example.org:5000/x:1' }
    const debug = await proofs.lab.run(
      ['replace', '--raw', `/api/v1/namespaces/${namespace}/pods/running/ephemeralcontainers`, '-f', '-'],
      {
        input: JSON.stringify({
          ...JSON.parse(await proofs.must(['get', 'pod', 'running', '-n', namespace, '-o', 'json'])),
          spec: {
            ...JSON.parse(await proofs.must(['get', 'pod', 'running', '-n', namespace, '-o', 'json'])).spec,
            ephemeralContainers: [late],
          },
        }),
      },
    )
    t.regex(debug.stderr, /locked the account in the cluster/)
    await proofs.must(['delete', 'pod', 'running', '-n', namespace, '--grace-period=0', '--force'])
    await set({ ada: null })
    await isTaken('ada')
    t.pass()
  },
)

test.serial('an earlier person of the login, with another uid, locks nobody', async (t) => {
  await set({ ada: line('ada', { uid: 10_777, entryUUID: 'another' }), bob: line('bob') })
  // When bob's line acts, ada's does.
  await isRefused('bob')
  t.is(await refusal('ada'), '')
  await set({ ada: null, bob: null })
  await isTaken('bob')
})

test.serial('the list is not removed, and no line is taken that cannot be read', async (t) => {
  const removed = await proofs.lab.run(['delete', ...LIST])
  t.not(removed.code, 0)
  t.regex(removed.stderr, /says who is locked, and no desktop starts without it/)
  for (const data of [
    { ada: 'yes' },
    { ada: '' },
    { 'A.B': line('ada') },
    { ada: `${specOf('ada').entryUUID}|10001` },
  ]) {
    const tried = await patch(data)
    t.not(tried.code, 0, JSON.stringify(data))
    t.regex(tried.stderr, /a line of locked-people is SLUG/)
  }
})

test.serial(
  'the gateway locks, and opens or changes nothing; no other account of ours writes there',
  async (t) => {
    const as = async (where: string, account: string) => {
      const kubeConfig = new KubeConfig()
      kubeConfig.loadFromFile(await proofs.lab.actAs(where, account))
      return kubeConfig.makeApiClient(CoreV1Api)
    }
    const gateway = await as(system, GATEWAY.service)
    const write = (core: CoreV1Api, slug: string, lock?: Lock) => writeLock(core, slug, lock, 'test')
    await set({ bob: line('bob') })
    await t.notThrowsAsync(write(gateway, 'ada', readLock(line('ada'))))
    for (const [slug, lock] of [
      ['bob', undefined],
      ['ada', undefined],
      ['bob', readLock(line('bob', { uid: 10_777 }))],
    ] as const) {
      await t.throwsAsync(write(gateway, slug, lock), {
        message: /the gateway locks people, and neither opens an account nor changes a lock/,
      })
    }
    for (const [where, account] of [
      [system, 'identity-sync'],
      [namespace, 'default'],
    ] as const) {
      const core = await as(where, account)
      await t.throwsAsync(write(core, 'ada'), { message: /cannot patch resource/ }, account)
    }
    await set({ ada: null, bob: null })
    await isTaken('ada')
  },
)

test.serial('where the list is gone nobody starts anything, and an empty one is enough', async (t) => {
  // Nobody but the cluster's own controllers can remove it, and they only do with its namespace.
  const asController = [
    '--as=system:serviceaccount:kube-system:namespace-controller',
    '--as-group=system:serviceaccounts:kube-system',
    '--as-group=system:masters',
  ]
  await proofs.must(['delete', ...LIST, ...asController])
  await becomes('a pod of ada', async () => /no params found/.test(await refusal('ada')), true)
  t.not(await refusal('ada'), '')
  await proofs.must(['create', ...LIST])
  await isTaken('ada')
})
