import test from 'ava'
import { publishing } from '../../certificates/publish.ts'

const target = { configuration: 'c', webhook: 'one.example' }
const live = (caBundle?: string) => ({
  metadata: { name: 'c', uid: 'u', resourceVersion: '7' },
  webhooks: [
    { name: 'other.example', clientConfig: {}, sideEffects: 'None', admissionReviewVersions: ['v1'] },
    {
      name: 'one.example',
      clientConfig: caBundle === undefined ? {} : { caBundle },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    },
  ],
})

test('applies one field of one webhook, over the very version that was read', (t) => {
  t.deepEqual(publishing(live(), target, 'new'), {
    does: 'apply',
    body: {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'c', uid: 'u', resourceVersion: '7' },
      webhooks: [{ name: 'one.example', clientConfig: { caBundle: 'bmV3' } }],
    },
  })
})

test('does nothing when it is right, and applies when it is wrong', (t) => {
  t.is(publishing(live('bmV3'), target, 'new').does, 'nothing')
  t.is(publishing(live('old'), target, 'new').does, 'apply')
  t.is(publishing(live(''), target, 'new').does, 'apply')
})

test('waits for its webhook rather than adding half of one', (t) => {
  t.is(publishing({ ...live(), webhooks: [] }, target, 'new').does, 'wait')
  t.is(publishing({ metadata: { name: 'c' } }, target, 'new').does, 'wait')
})
