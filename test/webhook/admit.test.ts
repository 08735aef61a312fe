import test from 'ava'
import { PERSON } from '../../config/labels.ts'
import { reviewOf } from './calls.ts'
import { post, startWebhook, stopNow } from './running.ts'

const pod = (slug?: string) => ({
  metadata: { name: 'd', labels: slug ? { [PERSON]: slug } : {} },
  spec: { containers: [{ name: 'd', image: 'd' }] },
})

test('a good pod is answered with a patch, the uid, and who it is for the audit log', async (t) => {
  const running = await startWebhook()
  t.teardown(() => stopNow(running.serving))
  const { status, headers, text } = await post(running, { body: reviewOf(pod('ada')) })
  t.is(status, 200)
  t.is(headers['content-type'], 'application/json')
  const { apiVersion, kind, response } = JSON.parse(text)
  t.is(apiVersion, 'admission.k8s.io/v1')
  t.is(kind, 'AdmissionReview')
  t.is(response.uid, '705ab4f5-6393-11e8-b7cc-42010a800002')
  t.true(response.allowed)
  t.is(response.patchType, 'JSONPatch')
  const patch: unknown[] = JSON.parse(Buffer.from(response.patch, 'base64').toString())
  t.true(patch.length > 3)
  t.deepEqual(response.auditAnnotations, { decision: 'patched', slug: 'ada', uid: '10001' })
  t.is(response.warnings, undefined)
})

test('a refusal has code, reason and message, and no patch', async (t) => {
  const running = await startWebhook()
  t.teardown(() => stopNow(running.serving))
  const { status, text } = await post(running, { body: reviewOf(pod('zoe')) })
  t.is(status, 200)
  const { response } = JSON.parse(text)
  t.false(response.allowed)
  t.is(response.status.code, 403)
  t.is(response.status.reason, 'Forbidden')
  t.regex(response.status.message, /zoe/)
  t.is(response.patch, undefined)
  t.is(response.patchType, undefined)
  t.deepEqual(response.auditAnnotations, { decision: 'refused: unknown', slug: 'zoe' })
})

test('a dry run is answered as any other', async (t) => {
  const running = await startWebhook()
  t.teardown(() => stopNow(running.serving))
  const body = reviewOf(pod('ada'))
  const dry = body.replace('"operation"', '"dryRun":true,"operation"')
  t.not(dry, body)
  t.is((await post(running, { body: dry })).text, (await post(running, { body })).text)
})

test('before everybody is known, nobody is judged', async (t) => {
  let ready = false
  const running = await startWebhook(() => ready)
  t.teardown(() => stopNow(running.serving))
  const { status, headers } = await post(running, { body: reviewOf(pod('ada')) })
  t.is(status, 503)
  t.is(headers['retry-after'], '1')
  ready = true
  t.is((await post(running, { body: reviewOf(pod('ada')) })).status, 200)
})

test('metrics count decisions and their time, and tell what is known', async (t) => {
  const running = await startWebhook()
  t.teardown(() => stopNow(running.serving))
  await post(running, { body: reviewOf(pod('ada')) })
  await post(running, { body: reviewOf(pod()) })
  await post(running, { body: 'x' })
  const text = await running.registry.metrics()
  for (const line of [
    'deskfleet_webhook_decisions_total{result="patched",reason=""} 1',
    'deskfleet_webhook_decisions_total{result="refused",reason="unlabelled"} 1',
    'deskfleet_webhook_decisions_total{result="rejected",reason="400"} 1',
    'deskfleet_webhook_admission_duration_seconds_count 2',
    'deskfleet_webhook_identities 5',
    'deskfleet_webhook_identities_age_seconds 2.5',
    'deskfleet_webhook_certificate_not_after_seconds 9',
  ]) {
    t.true(text.includes(line), `${line}\n${text}`)
  }
})
