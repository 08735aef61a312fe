import { once } from 'node:events'
import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import test from 'ava'
import { newAuthority } from '../../certificates/authority.ts'
import { newCaller, newLeaf } from '../../certificates/leaf.ts'
import { PERSON } from '../../config/labels.ts'
import { WEBHOOK } from '../../config/names.ts'
import { reviewOf } from './calls.ts'
import { dial, post, type Running, startWebhook, stopNow } from './running.ts'

const good = reviewOf({
  metadata: { labels: { [PERSON]: 'ada' } },
  spec: { containers: [{ name: 'd', image: 'd' }] },
})

const keepAlive = ({ authority }: Running) =>
  new Agent({ keepAlive: true, maxSockets: 1, ca: authority.certificate })

test('while it drains, every call is answered and told to leave; then nobody gets in', async (t) => {
  const running = await startWebhook()
  const agents = [keepAlive(running), keepAlive(running), keepAlive(running)]
  for (const agent of agents) {
    const { headers } = await post(running, { body: good, agent })
    t.not(headers.connection, 'close')
  }
  const patience = Promise.withResolvers<void>()
  const never = new Promise<void>(() => {})
  const drained = running.serving.drain(patience.promise, never)
  for (const agent of agents) {
    const { status, headers } = await post(running, { body: good, agent })
    t.is(status, 200)
    t.is(headers.connection, 'close')
  }
  // New callers are still answered: the API server learns late that a pod is going.
  t.is((await post(running, { body: good })).status, 200)
  patience.resolve()
  await drained
  await t.throwsAsync(post(running, { body: good }), { code: 'ECONNREFUSED' })
})

test('no call is lost while callers with keep-alive go on through a drain', async (t) => {
  const running = await startWebhook()
  let draining = false
  let answered = 0
  const failed: unknown[] = []
  const caller = async () => {
    const agent = keepAlive(running)
    for (let told = false; !told; ) {
      const answer = await post(running, { body: good, agent }).catch((error: unknown) => {
        failed.push(error)
        return undefined
      })
      if (!answer) return
      answered++
      told = answer.headers.connection === 'close'
      t.is(told, told && draining)
    }
  }
  const callers = Array.from({ length: 8 }, caller)
  // However slow the machine is: every caller is under way on its kept connection before the drain begins.
  while (answered <= callers.length && failed.length === 0) await sleep(10)
  draining = true
  const drained = running.serving.drain(sleep(400), new Promise(() => {}))
  await Promise.all([...callers, drained])
  t.deepEqual(failed, [])
})

test('a connection that was opened in advance serves a call after any time; one that has begun to ask must end', async (t) => {
  const limits = { headersTimeout: 300, connectionsCheckingInterval: 50 }
  const running = await startWebhook(() => true, 400, undefined, limits)
  t.teardown(() => stopNow(running.serving))
  const unused = await dial(running)
  const slow = await dial(running)
  slow.write('POST ')
  const told = Buffer.concat(await slow.toArray()).toString()
  t.regex(told, /^HTTP\/1\.1 408 /)
  // By now the other one is older than any request may be.
  const length = Buffer.byteLength(good)
  unused.write(
    `POST ${WEBHOOK.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${good}`,
  )
  t.regex(Buffer.concat(await unused.toArray()).toString(), /^HTTP\/1\.1 200 /)
})

test('an idle connection does not hold up the end', async (t) => {
  const running = await startWebhook()
  await post(running, { body: good, agent: keepAlive(running) })
  await stopNow(running.serving)
  t.pass()
})

test('a caller that never finishes is dropped at the hard stop', async (t) => {
  const running = await startWebhook()
  const socket = await dial(running)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  socket.write(
    `POST ${WEBHOOK.path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n`,
  )
  await sleep(50)
  const end = Promise.withResolvers<void>()
  const drained = running.serving.drain(Promise.resolve(), end.promise)
  t.is(await Promise.race([drained.then(() => 'over'), sleep(200, 'waits')]), 'waits')
  end.resolve()
  await drained
  socket.resume()
  await closed
  t.pass()
})

test('another certificate is served from the next handshake on; open connections go on', async (t) => {
  const running = await startWebhook()
  t.teardown(() => stopNow(running.serving))
  const agent = keepAlive(running)
  await post(running, { body: good, agent })
  const other = await newAuthority({ name: 'other' }, new Date())
  running.serving.renew(await newLeaf(other, ['127.0.0.1'], new Date()))
  t.is((await post(running, { body: good, agent })).status, 200)
  await t.throwsAsync(post(running, { body: good }), { message: /certificate/ })
  t.is((await post({ ...running, authority: other }, { body: good })).status, 200)
})

test('TLS before 1.3 is refused', async (t) => {
  const running = await startWebhook()
  t.teardown(() => stopNow(running.serving))
  const socket = connect({
    host: '127.0.0.1',
    port: running.serving.port,
    ca: running.authority.certificate,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
  })
  const outcome = await new Promise((resolve) => {
    socket.once('secureConnect', () => resolve('connected'))
    socket.once('error', () => resolve('refused'))
  })
  t.is(outcome, 'refused')
})

test('a session of the certificate before is not resumed', async (t) => {
  const running = await startWebhook()
  t.teardown(() => stopNow(running.serving))
  const options = { host: '127.0.0.1', port: running.serving.port, ca: running.authority.certificate }
  const resumes = async (session: Buffer): Promise<boolean> => {
    const socket = connect({ ...options, session })
    await once(socket, 'secureConnect')
    const reused = socket.isSessionReused()
    socket.destroy()
    return reused
  }
  const first = connect(options)
  const [session] = await once(first, 'session')
  first.destroy()
  t.true(await resumes(session))
  running.serving.renew(await newLeaf(running.authority, ['127.0.0.1'], new Date()))
  t.false(await resumes(session))
})

test('where callers must prove themselves, one of that name is served, and nobody else', async (t) => {
  const callers = await newAuthority({ name: 'cluster' }, new Date())
  const running = await startWebhook(undefined, undefined, {
    authority: callers.certificate,
    commonName: 'kube-apiserver',
  })
  t.teardown(() => stopNow(running.serving))
  const now = new Date()
  const ca = running.authority.certificate
  const askAs = (shown?: { certificate: string; key: string }) => {
    const agent = new Agent({ ca, ...(shown ? { cert: shown.certificate, key: shown.key } : {}) })
    return post(running, { body: good, agent })
  }
  const right = await newCaller(callers, 'kube-apiserver', now)
  const check = async () => {
    await t.throwsAsync(askAs(), undefined, 'no certificate')
    await t.throwsAsync(
      askAs(await newCaller(running.authority, 'kube-apiserver', now)),
      undefined,
      'another',
    )
    const server = await newLeaf(callers, ['kube-apiserver'], now)
    await t.throwsAsync(askAs(server), undefined, 'one to serve with')
    for (const name of ['somebody', 'kube-apiserver-2', 'Kube-apiserver']) {
      const { status, text } = await askAs(await newCaller(callers, name, now))
      t.is(status, 403, name)
      t.regex(text, /only kube-apiserver is served/)
    }
    t.is((await askAs(right)).status, 200)
  }
  await check()
  running.serving.renew(await newLeaf(running.authority, ['127.0.0.1'], now))
  await check()
})
