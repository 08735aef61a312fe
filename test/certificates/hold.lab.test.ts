import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import anyTest, { type TestFn } from 'ava'
import { pino } from 'pino'
import { newAuthority } from '../../certificates/authority.ts'
import { DamagedSecret, holdSigned, type Place } from '../../certificates/hold.ts'
import { type Pair, YEAR } from '../../certificates/issue.ts'
import { keepCertificate } from '../../certificates/keep.ts'
import { judgeLeaf, newLeaf } from '../../certificates/leaf.ts'
import { watchSecrets } from '../../certificates/news.ts'
import { readKept } from '../../certificates/read.ts'
import { holdStanding } from '../../certificates/standing.ts'
import { systemClock } from '../../service/clock.ts'
import { fresh, type OwnLab, sharedOrOwnLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'

const test = anyTest as TestFn<{ namespace: string; api: CoreV1Api }>
const now = () => new Date()
const NAMES = ['webhook.deskfleet-system.svc', '127.0.0.1']
const KIND = { name: 'test' }

const leafOf = (authority: Pair) => ({
  fresh: (at: Date) => newLeaf(authority, NAMES, at),
  judge: (pair: Pair, at: Date) => judgeLeaf(pair, authority, NAMES, at),
})
const holdLeaf = async (api: CoreV1Api, place: Place, authority: Pair) =>
  (await holdSigned(api, place, async () => leafOf(authority), now)).pair

let own: OwnLab
test.before(async () => {
  own = await sharedOrOwnLab()
})
test.after.always(() => own?.end())
test.beforeEach(async (t) => {
  const api = own.kubeConfig.makeApiClient(CoreV1Api)
  const namespace = fresh()
  await api.createNamespace({ body: { metadata: { name: namespace } } })
  t.context = { api, namespace }
})

const data = (pair: Pair) => ({
  'tls.crt': Buffer.from(pair.certificate).toString('base64'),
  'tls.key': Buffer.from(pair.key).toString('base64'),
})

async function put(api: CoreV1Api, namespace: string, name: string, pair: Pair): Promise<void> {
  const body = { metadata: { namespace, name }, type: 'kubernetes.io/tls', data: data(pair) }
  await api.createNamespacedSecret({ namespace, body })
}

test('of eight that start at once, all get one authority and one leaf, and another start gets them too', async (t) => {
  const { api, namespace } = t.context
  const start = async () => {
    const { standing } = await holdStanding(api, { namespace, name: 'ca' }, KIND, now)
    const authority = standing.signs
    return { authority, leaf: await holdLeaf(api, { namespace, name: 'tls' }, authority) }
  }
  const all = await Promise.all(Array.from({ length: 8 }, start))
  for (const one of [...all, await start()]) t.deepEqual(one, all[0])
  const secret = await api.readNamespacedSecret({ namespace, name: 'ca' })
  t.is(secret.type, 'kubernetes.io/tls')
  t.deepEqual(Object.keys(secret.data ?? {}).sort(), ['tls.crt', 'tls.key'])
})

test('a leaf that lacks a name is made anew, by several at once, and all agree', async (t) => {
  const { api, namespace } = t.context
  const authority = await newAuthority({ name: 'test' }, now())
  await put(api, namespace, 'tls', await newLeaf(authority, ['webhook.deskfleet-system.svc'], now()))
  const hold = () => holdLeaf(api, { namespace, name: 'tls' }, authority)
  const all = await Promise.all([hold(), hold(), hold(), hold()])
  for (const leaf of all) t.deepEqual(leaf, all[0])
  t.is(judgeLeaf(await hold(), authority, NAMES, now()).state, 'good')
})

test('a leaf of another authority, or one that ended, is made anew', async (t) => {
  const { api, namespace } = t.context
  const [authority, other] = [
    await newAuthority({ name: 'test' }, now()),
    await newAuthority({ name: 'test' }, now()),
  ]
  const old = new Date(Date.now() - 2 * YEAR)
  await put(api, namespace, 'foreign', await newLeaf(other, NAMES, now()))
  await put(api, namespace, 'ended', await newLeaf(authority, NAMES, old))
  for (const name of ['foreign', 'ended']) {
    const leaf = await holdLeaf(api, { namespace, name }, authority)
    t.is(judgeLeaf(leaf, authority, NAMES, now()).state, 'good', name)
  }
})

test('a damaged Secret is named, with what to do, and stays as it is', async (t) => {
  const { api, namespace } = t.context
  const [authority, other] = [
    await newAuthority({ name: 'test' }, now()),
    await newAuthority({ name: 'test' }, now()),
  ]
  await put(api, namespace, 'torn', { certificate: 'x', key: 'y' })
  await put(api, namespace, 'mismatched', { ...authority, key: other.key })
  await put(api, namespace, 'no-authority', await newLeaf(authority, NAMES, now()))
  for (const name of ['torn', 'mismatched', 'no-authority']) {
    const before = await api.readNamespacedSecret({ namespace, name })
    const place = { namespace, name }
    const error = await t.throwsAsync(holdStanding(api, place, KIND, now), { instanceOf: DamagedSecret })
    t.regex(
      error?.message ?? '',
      new RegExp(`${namespace}/${name} is not usable: .*kubectl -n ${namespace} delete`),
    )
    if (name !== 'no-authority') {
      await t.throwsAsync(holdLeaf(api, place, authority), { instanceOf: DamagedSecret })
    }
    t.deepEqual(await api.readNamespacedSecret({ namespace, name }), before)
  }
})

test('what stands beside a leaf is put right, and it is said what was done', async (t) => {
  const { api, namespace } = t.context
  const place = { namespace, name: 'tls' }
  const authority = await newAuthority(KIND, now())
  const hold = (beside: Record<string, string>) =>
    holdSigned(api, place, async () => ({ ...leafOf(authority), beside }), now)
  t.is((await hold({ 'ca.crt': 'one' })).did, 'made')
  t.is((await hold({ 'ca.crt': 'one' })).did, 'found')
  const { did, pair } = await hold({ 'ca.crt': 'two' })
  t.is(did, 'renewed')
  t.deepEqual(pair, (await hold({ 'ca.crt': 'two' })).pair, 'the leaf itself is still good')
  const { data } = await api.readNamespacedSecret(place)
  t.is(Buffer.from(data?.['ca.crt'] ?? '', 'base64').toString(), 'two')
})

test('a leaf that somebody made anew meanwhile is taken, not replaced', async (t) => {
  const { api, namespace } = t.context
  const place = { namespace, name: 'tls' }
  const authority = await newAuthority({ name: 'test' }, now())
  await put(api, namespace, 'tls', await newLeaf(authority, NAMES.slice(1), now()))
  const theirs = await newLeaf(authority, NAMES, now())
  /** The real API, but another replica is faster between our reading and our writing. */
  const raced: CoreV1Api = Object.assign(Object.create(api), {
    replaceNamespacedSecret: async (request: Parameters<CoreV1Api['replaceNamespacedSecret']>[0]) => {
      const live = await api.readNamespacedSecret(place)
      await api.replaceNamespacedSecret({ ...place, body: { ...live, data: data(theirs) } })
      return api.replaceNamespacedSecret(request)
    },
  })
  t.deepEqual(await holdLeaf(raced, place, authority), theirs)
  t.deepEqual((await api.readNamespacedSecret(place)).data, data(theirs))
})

test('without the right to read, the error is the one of the API server, not a new authority', async (t) => {
  const { api, namespace } = t.context
  const run = (...args: string[]) => own.lab.run(['-n', namespace, ...args])
  await run('create', 'serviceaccount', 'writer')
  await run('create', 'role', 'writer', '--verb=create', '--resource=secrets')
  await run('create', 'rolebinding', 'writer', '--role=writer', `--serviceaccount=${namespace}:writer`)
  const config = new KubeConfig()
  config.loadFromFile(await own.lab.actAs(namespace, 'writer'))
  const weak = config.makeApiClient(CoreV1Api)
  const place = { namespace, name: 'ca' }
  await t.throwsAsync(holdStanding(weak, place, KIND, now), { message: /403|forbidden/i })
  await t.throwsAsync(api.readNamespacedSecret(place), { message: /404|not found/i })
})

test('who serves hears of another certificate by the change of its Secret, and looks no more often for it', async (t) => {
  const { api, namespace } = t.context
  const place = { namespace, name: 'served' }
  const authority = await newAuthority(KIND, now())
  const first = await newLeaf(authority, NAMES, now())
  await put(api, namespace, place.name, first)
  const log = pino({ level: 'silent' })
  const ending = new AbortController()
  const news = watchSecrets(own.kubeConfig, [place], log)
  const kept = await keepCertificate<Pair>(
    {
      hold: () => readKept(api, place),
      isSame: (before, after) => before.certificate === after.certificate,
      every: 3_600_000,
      news: news.bell,
      clock: systemClock,
      log,
    },
    ending.signal,
  )
  const heard: string[] = []
  const following = kept.follow(({ certificate }) => void heard.push(certificate), ending.signal)
  const another = await newLeaf(authority, NAMES, now())
  await api.replaceNamespacedSecret({
    ...place,
    body: { metadata: { ...place }, type: 'kubernetes.io/tls', data: data(another) },
  })
  await eventually('it is heard of', () => heard.includes(another.certificate), { seconds: 20 })
  t.is(kept.current().certificate, another.certificate)
  ending.abort()
  await Promise.all([following, news.stop()])
})
