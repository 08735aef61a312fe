import { AdmissionregistrationV1Api, type V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import anyTest, { type TestFn } from 'ava'
import pino from 'pino'
import { newAuthority } from '../../certificates/authority.ts'
import { keepPublished } from '../../certificates/publish.ts'
import { FIELD_MANAGERS } from '../../config/names.ts'
import { fresh, type OwnLab, sharedOrOwnLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'

const test = anyTest as TestFn<{ api: AdmissionregistrationV1Api; name: string; pem: string; bundle: string }>
const WEBHOOK = 'one.deskfleet.test'
const base64 = (text: string) => Buffer.from(text).toString('base64')

let own: OwnLab
test.before(async () => {
  own = await sharedOrOwnLab()
})
test.after.always(() => own?.end())
test.beforeEach(async (t) => {
  const { certificate: pem } = await newAuthority({ name: 'test' }, new Date())
  const api = own.kubeConfig.makeApiClient(AdmissionregistrationV1Api)
  t.context = { api, name: fresh(), pem, bundle: base64(pem) }
})
test.afterEach.always(async (t) => {
  const { api, name } = t.context
  await api.deleteMutatingWebhookConfiguration({ name }).catch(() => {})
})

/** Matches nothing, so that a shared lab is not disturbed. */
const configuration = (name: string): V1MutatingWebhookConfiguration => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name },
  webhooks: ['other.deskfleet.test', WEBHOOK].map((webhook) => ({
    name: webhook,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Ignore',
    namespaceSelector: { matchLabels: { 'deskfleet.test/nowhere': 'true' } },
    clientConfig: { url: 'https://127.0.0.1:1/' },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  })),
})

test('waits for the configuration, publishes into it, and again when somebody strips or changes it', async (t) => {
  const { api, name, pem, bundle } = t.context
  const steady = keepPublished(
    own.kubeConfig,
    { configuration: name, webhook: WEBHOOK },
    async () => pem,
    pino({ level: 'silent' }),
  )
  t.teardown(() => steady.stop())
  const read = () => api.readMutatingWebhookConfiguration({ name })
  const published = async () => (await read()).webhooks?.[1]?.clientConfig?.caBundle === bundle
  await new Promise((resolve) => setTimeout(resolve, 300))
  await t.throwsAsync(read(), { message: /404|not found/i }, 'it makes no configuration of its own')

  await api.createMutatingWebhookConfiguration({ body: configuration(name) })
  await eventually('published', published)
  const live = await read()
  t.is(live.webhooks?.[0]?.clientConfig?.caBundle, undefined, 'the other webhook is not touched')
  const ours = live.metadata?.managedFields?.find(({ manager }) => manager === FIELD_MANAGERS.certificates)
  t.is(ours?.operation, 'Apply')
  t.deepEqual(ours?.fieldsV1, {
    'f:webhooks': {
      [`k:{"name":"${WEBHOOK}"}`]: { '.': {}, 'f:name': {}, 'f:clientConfig': { 'f:caBundle': {} } },
    },
  })

  const stripped = await read()
  delete stripped.webhooks?.[1]?.clientConfig?.caBundle
  await api.replaceMutatingWebhookConfiguration({ name, body: stripped })
  await eventually('published after it was stripped', published)

  const changed = await read()
  const other = base64((await newAuthority({ name: 'other' }, new Date())).certificate)
  if (changed.webhooks?.[1]?.clientConfig) changed.webhooks[1].clientConfig.caBundle = other
  await api.replaceMutatingWebhookConfiguration({ name, body: changed })
  await eventually('published after it was changed', published)

  await api.deleteMutatingWebhookConfiguration({ name })
  await api.createMutatingWebhookConfiguration({ body: configuration(name) })
  await eventually('published into a new one', published)
})

test('an apply of the rendered configuration leaves the bundle alone', async (t) => {
  const { api, name, pem, bundle } = t.context
  const steady = keepPublished(
    own.kubeConfig,
    { configuration: name, webhook: WEBHOOK },
    async () => pem,
    pino({ level: 'silent' }),
  )
  t.teardown(() => steady.stop())
  const apply = () =>
    own.lab.run(['apply', '--server-side', '--field-manager=gitops', '-f', '-'], {
      input: JSON.stringify(configuration(name)),
    })
  t.is((await apply()).code, 0)
  const version = async () => {
    const { metadata, webhooks } = await api.readMutatingWebhookConfiguration({ name })
    return { version: metadata?.resourceVersion, bundle: webhooks?.[1]?.clientConfig?.caBundle }
  }
  await eventually('published', async () => (await version()).bundle === bundle)
  t.is((await apply()).code, 0, 'no conflict')
  // The API server sorts who owns what by when they last applied it: the first time, that order may still change.
  const before = await version()
  t.is(before.bundle, bundle)
  t.is((await apply()).code, 0, 'no conflict')
  t.deepEqual(await version(), before, 'nothing changes: no fight between the two')
})

test('a configuration without our webhook is waited for, not mended', async (t) => {
  const { api, name, pem, bundle } = t.context
  const { webhooks = [], ...rest } = configuration(name)
  await api.createMutatingWebhookConfiguration({ body: { ...rest, webhooks: webhooks.slice(0, 1) } })
  const steady = keepPublished(
    own.kubeConfig,
    { configuration: name, webhook: WEBHOOK },
    async () => pem,
    pino({ level: 'silent' }),
  )
  t.teardown(() => steady.stop())
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.is((await api.readMutatingWebhookConfiguration({ name })).webhooks?.length, 1)
  const { metadata } = await api.readMutatingWebhookConfiguration({ name })
  await api.replaceMutatingWebhookConfiguration({
    name,
    body: { ...rest, metadata: metadata ?? { name }, webhooks },
  })
  await eventually(
    'published',
    async () =>
      (await api.readMutatingWebhookConfiguration({ name })).webhooks?.[1]?.clientConfig?.caBundle === bundle,
  )
})
