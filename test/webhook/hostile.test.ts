import type { TLSSocket } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { PERSON } from '../../config/labels.ts'
import { WEBHOOK } from '../../config/names.ts'
import { LIMITS } from '../../webhook/limits.ts'
import { eventually } from '../harness/wait.ts'
import { reviewOf } from './calls.ts'
import { type Answer, dial, type Post, post, type Running, startWebhook, stopNow } from './running.ts'

const pod = { metadata: { labels: { [PERSON]: 'ada' } }, spec: { containers: [{ name: 'd', image: 'd' }] } }
const good = reviewOf(pod)
const mebibytes = (count: number) => count * 1024 * 1024
/** A good review with so many bytes of nothing in front. */
const padded = (bytes: number) => good.padStart(bytes, ' ')

async function running(t: ExecutionContext, requestTimeout?: number): Promise<Running> {
  const one = await startWebhook(() => true, requestTimeout)
  t.teardown(() => stopNow(one.serving))
  return one
}

/** Whatever came before, the next good review is answered well. */
async function stillAnswers(t: ExecutionContext, webhook: Running): Promise<void> {
  const { status, text } = await post(webhook, { body: good })
  t.is(status, 200)
  t.true(JSON.parse(text).response.allowed)
}

/** A 4xx with a reason as JSON, or a review that is refused. */
function isRefusal({ status, text }: Answer): boolean {
  const json = JSON.parse(text)
  if (status === 200) return json.response.allowed === false && json.response.patch === undefined
  return status >= 400 && status < 500 && json.status === status && json.message.length > 0
}

const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth)
const withObject = (json: string) => good.replace(JSON.stringify(pod), json)
const lastPod = JSON.stringify(pod).replace('"ada"', '"zoe"')

const bodies: Record<string, Post & { status: number }> = {
  'an empty body': { body: '', status: 400 },
  'no JSON': { body: 'x', status: 400 },
  'JSON cut off': { body: good.slice(0, -1), status: 400 },
  'JSON with more behind': { body: `${good}{}`, status: 400 },
  'a number': { body: '1', status: 400 },
  null: { body: 'null', status: 400 },
  'a list': { body: '[]', status: 400 },
  'a byte in a name that is not UTF-8': {
    body: Buffer.from(good.replace('"name":"d"', '"name":"\xff"'), 'latin1'),
    status: 400,
  },
  'an old apiVersion': { body: good.replace('k8s.io/v1"', 'k8s.io/v1beta1"'), status: 400 },
  'another kind': { body: good.replace('"AdmissionReview"', '"Pod"'), status: 400 },
  'no uid': { body: good.replace('"uid":"705ab4f5-6393-11e8-b7cc-42010a800002",', ''), status: 400 },
  'an empty uid': { body: reviewOf(pod, { uid: '' }), status: 400 },
  'no operation': { body: good.replace('"operation":"CREATE",', ''), status: 400 },
  'no object': { body: reviewOf(undefined), status: 400 },
  'no request': { body: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', status: 400 },
  'a request by prototype': {
    body: good.replace('"request"', '"__proto__"'),
    status: 400,
  },
  'labels by prototype': {
    body: withObject('{"metadata":{"labels":{"__proto__":{"deskfleet.io/person":"ada"}}},"spec":{}}'),
    status: 200,
  },
  'metadata by prototype': {
    body: withObject('{"__proto__":{"metadata":{"labels":{"deskfleet.io/person":"ada"}},"spec":{}}}'),
    status: 200,
  },
  'the object twice, the last one counts': {
    body: good
      .replace('"object":', `"object":${JSON.stringify(pod)},"object":`)
      .replace(/("object":.*"object":).*/, `$1${lastPod}}}`),
    status: 200,
  },
  'a label twice, the last one counts': {
    body: withObject(
      `{"metadata":{"labels":{"${PERSON}":"ada","${PERSON}":"zoe"}},"spec":{"containers":[]}}`,
    ),
    status: 200,
  },
  'lists in lists without end': { body: deep('[', ']', 200_000), status: 400 },
  'lists never closed': { body: '['.repeat(200_000), status: 400 },
  'lists without number': { body: `[${'[],'.repeat(2_000_000)}[]]`, status: 413 },
  'more fields than any pod has': {
    body: withObject(`{${Array.from({ length: 300_000 }, (_, i) => `"${i}":{}`).join(',')}}`),
    status: 413,
  },
  'depth in a person': {
    body: withObject(`{"metadata":{"labels":{"${PERSON}":${deep('[', ']', 100_000)}}}}`),
    status: 200,
  },
  'depth where containers should be': {
    body: withObject(
      `{"metadata":{"labels":{"${PERSON}":"ada"}},"spec":{"containers":${deep('[', ']', 100_000)}}}`,
    ),
    status: 200,
  },
  'a byte more than may come': { body: padded(mebibytes(7) + 1), status: 413 },
  'as much as may come, of nothing': { body: Buffer.alloc(mebibytes(7), 0x20), status: 400 },
  'another content type': { body: good, type: 'text/plain', status: 415 },
  YAML: { body: good, type: 'application/yaml', status: 415 },
  'no content type': { body: good, type: '', status: 415 },
  'an encoded body': { body: good, headers: { 'content-encoding': 'gzip' }, status: 415 },
  'another method': { body: good, method: 'PUT', status: 405 },
  'another path': { body: good, path: '/mutate', status: 404 },
  'a path with a way out': { body: good, path: `${WEBHOOK.path}/../../etc/passwd`, status: 404 },
  'a path that cannot be decoded': { body: good, path: '/%E0%A4%A', status: 404 },
}

for (const [what, { status, ...one }] of Object.entries(bodies)) {
  test(`is refused: ${what}`, async (t) => {
    const webhook = await running(t)
    const answer = await post(webhook, one)
    t.is(answer.status, status, answer.text)
    t.true(isRefusal(answer), answer.text)
    await stillAnswers(t, webhook)
  })
}

test('a good review cut anywhere, or with a byte changed, is refused or judged; nothing falls over', async (t) => {
  const webhook = await running(t)
  const bytes = Buffer.from(good)
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
      const body = cut ? bytes.subarray(0, at) : Buffer.from(bytes)
      if (!cut) body[at] = byte
      const answer = await post(webhook, { body })
      const { response } = JSON.parse(answer.text)
      return isRefusal(answer) || (!cut && response.allowed && response.auditAnnotations.slug === 'ada')
    }),
    { numRuns: 200 },
  )
  await stillAnswers(t, webhook)
})

test('a pod of many thousand containers is answered in time', async (t) => {
  const webhook = await running(t)
  const containers = Array.from({ length: 20_000 }, (_, i) => ({
    name: `c${i}`,
    securityContext: { runAsUser: 0 },
  }))
  const body = reviewOf({ ...pod, spec: { containers } })
  t.true(body.length < mebibytes(7))
  // Of this process, which is caller and webhook at once: wall time would be the machine's, not ours.
  const before = process.cpuUsage()
  const answer = await post(webhook, { body })
  const { user, system } = process.cpuUsage(before)
  t.true((user + system) / 1e6 < 2, `${(user + system) / 1e6} s`)
  t.true(isRefusal(answer))
  t.true(answer.text.length < 20_000, 'the message is cut')
})

test('a body that does not say how long it is may be no longer', async (t) => {
  const webhook = await running(t)
  const chunked = { 'transfer-encoding': 'chunked' }
  const answer = await post(webhook, { body: padded(mebibytes(7) + 1), headers: chunked })
  t.is(answer.status, 413)
  t.true(isRefusal(answer))
  t.is((await post(webhook, { body: padded(mebibytes(6)), headers: chunked })).status, 200)
})

test('a long text may hold as many commas and brackets as it likes', async (t) => {
  const webhook = await running(t)
  const value = '\\",[{'.repeat(200_000)
  const containers = [{ name: 'd', image: 'd', env: [{ name: 'A', value }] }]
  t.is((await post(webhook, { body: reviewOf({ ...pod, spec: { containers } }) })).status, 200)
})

test('bodies that are held at once have a bound: large ones are refused above it, small ones still judged', async (t) => {
  const webhook = await running(t)
  const part = mebibytes(6)
  const head = `POST ${WEBHOOK.path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${part + 1}\r\n\r\n`
  const held = () => webhook.metrics.inFlight.get().then(({ values: [one] }) => one?.value)
  const sockets: TLSSocket[] = []
  for (const many of [1, 2]) {
    const socket = await dial(webhook)
    sockets.push(socket)
    await new Promise((sent) =>
      socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(part, 0x20)]), sent),
    )
    await eventually('it is on its way', async () => (await held()) === many)
  }
  const large = () => post(webhook, { body: padded(part) })
  const refused = await eventually('it is full', async () => {
    const answer = await large().catch(() => undefined)
    return answer?.status === 503 ? answer : undefined
  })
  t.is(refused.headers['retry-after'], '1')
  t.is(refused.headers.connection, 'close')
  t.true(JSON.parse(refused.text).message.includes('too many reviews'))
  for (let one = 0; one < 20; one++) await stillAnswers(t, webhook)
  for (const socket of sockets) socket.destroy()
  await eventually('there is room again', async () => (await large().catch(() => undefined))?.status === 200)
})

test('a body that comes too slowly ends with 408, and one that is aborted with nothing', async (t) => {
  t.timeout(60_000)
  const webhook = await running(t, LIMITS.requestTimeout)
  const head = `POST ${WEBHOOK.path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`
  const aborted = await dial(webhook)
  aborted.write(head, () => aborted.destroy())
  const slow = await dial(webhook)
  slow.write(head)
  const text = await everything(slow)
  t.regex(text, /^HTTP\/1\.1 408 /)
  t.is(JSON.parse(text.slice(text.indexOf('{'))).status, 408)
  await stillAnswers(t, webhook)
})

test('what is no HTTP ends with 400, and no TLS with nothing', async (t) => {
  const webhook = await running(t)
  const socket = await dial(webhook)
  socket.write('HELLO\r\n\r\n')
  const text = await everything(socket)
  t.regex(text, /^HTTP\/1\.1 400 /)
  t.is(JSON.parse(text.slice(text.indexOf('{'))).status, 400)
  await stillAnswers(t, webhook)
})

async function everything(socket: TLSSocket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}
