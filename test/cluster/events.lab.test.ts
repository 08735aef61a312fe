import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import anyTest, { type TestFn } from 'ava'
import { type EventNews, openEvents } from '../../cluster/events.ts'
import { systemClock } from '../../service/clock.ts'
import { fresh, type OwnLab, sharedOrOwnLab } from '../harness/lab.ts'

const test = anyTest as TestFn<{ namespace: string; core: CoreV1Api }>

let own: OwnLab
test.before(async () => {
  own = await sharedOrOwnLab()
})
test.after.always(() => own?.end())
test.beforeEach(async (t) => {
  const core = own.kubeConfig.makeApiClient(CoreV1Api)
  const namespace = fresh()
  await core.createNamespace({ body: { metadata: { name: namespace } } })
  t.context = { core, namespace }
})

const news = (namespace: string, message: string): EventNews => ({
  regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'identities' },
  reason: 'Tested',
  message,
})

test('the same is told once, also by two processes and by one that starts anew; another is told as well', async (t) => {
  const { core, namespace } = t.context
  const failures: unknown[] = []
  const open = () => openEvents(own.kubeConfig, 'test', systemClock, (error) => failures.push(error))
  const one = open()
  await one.warn([news(namespace, 'ada'), news(namespace, 'bob')])
  await one.warn([news(namespace, 'ada')])
  await open().warn([news(namespace, 'ada'), news(namespace, 'eve')])
  const { items } = await core.listNamespacedEvent({ namespace })
  t.deepEqual(items.map(({ message }) => message).sort(), ['ada', 'bob', 'eve'])
  t.like(items[0], {
    type: 'Warning',
    reason: 'Tested',
    involvedObject: { kind: 'ConfigMap', name: 'identities' },
  })
  t.deepEqual(failures, [])
})

test('very many at once become twenty, and one that counts the rest', async (t) => {
  const { core, namespace } = t.context
  const events = openEvents(own.kubeConfig, 'test', systemClock, (error) => t.fail(String(error)))
  await events.warn(Array.from({ length: 500 }, (_, index) => news(namespace, `person ${index}`)))
  const { items } = await core.listNamespacedEvent({ namespace })
  t.is(items.length, 21)
  t.true(items.some(({ message }) => message === '480 more of this kind; the log names them'))
})

test('without the right to write them the failure is told, and nothing is thrown', async (t) => {
  const { namespace } = t.context
  await own.lab.run(['-n', namespace, 'create', 'serviceaccount', 'mute'])
  const config = new KubeConfig()
  config.loadFromFile(await own.lab.actAs(namespace, 'mute'))
  const failures: unknown[] = []
  await openEvents(config, 'test', systemClock, (error) => failures.push(error)).warn([
    news(namespace, 'ada'),
  ])
  t.is(failures.length, 1)
  t.regex(String(failures[0]), /403|forbidden/i)
})
