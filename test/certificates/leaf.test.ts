import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { authorityFault, newAuthority } from '../../certificates/authority.ts'
import { newSerial, type Pair, YEAR } from '../../certificates/issue.ts'
import { judgeLeaf, newLeaf } from '../../certificates/leaf.ts'
import { endOf } from '../../certificates/pair.ts'

const NAMES = ['webhook.deskfleet-system.svc', 'webhook.deskfleet-system.svc.cluster.local', '127.0.0.1']
const now = new Date()
const later = (ms: number) => new Date(now.getTime() + ms)
const DAY = 24 * 60 * 60 * 1000

/** What a TLS client that trusts `authority` makes of a server with `leaf` when it calls it `name`. */
async function handshake(t: ExecutionContext, leaf: Pair, authority: Pair, name: string): Promise<string> {
  const server = createServer({ key: leaf.key, cert: leaf.certificate }, (socket) => socket.end())
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const servername = name === '127.0.0.1' ? {} : { servername: name }
  const socket = connect({ host: '127.0.0.1', port, ca: authority.certificate, ...servername })
  return new Promise((resolve) => {
    socket.once('secureConnect', () => resolve('trusted'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('close', () => server.close())
    socket.resume()
  })
}

test('a TLS client trusts the leaf under each of its names, and under no other', async (t) => {
  const authority = await newAuthority({ name: 'test' }, now)
  const leaf = await newLeaf(authority, NAMES, now)
  for (const name of NAMES) t.is(await handshake(t, leaf, authority, name), 'trusted', name)
  t.is(await handshake(t, leaf, authority, 'webhook.elsewhere.svc'), 'ERR_TLS_CERT_ALTNAME_INVALID')
})

test('another authority of the same name is not trusted', async (t) => {
  const [authority, other] = [
    await newAuthority({ name: 'test' }, now),
    await newAuthority({ name: 'test' }, now),
  ]
  const leaf = await newLeaf(authority, NAMES, now)
  t.not(await handshake(t, leaf, other, '127.0.0.1'), 'trusted')
})

test('a leaf cannot sign, and an authority signs leaves only', async (t) => {
  const authority = await newAuthority({ name: 'test' }, now)
  const leaf = await newLeaf(authority, NAMES, now)
  const [root, end] = [new X509Certificate(authority.certificate), new X509Certificate(leaf.certificate)]
  t.true(root.ca)
  t.false(end.ca)
  t.deepEqual(end.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  t.is(root.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.regex(
    end.subjectAltName ?? '',
    /^DNS:webhook\.deskfleet-system\.svc, DNS:.*cluster\.local, IP Address:127\.0\.0\.1$/,
  )
  // A leaf that signs another one: the chain ends at it.
  const forged = await newLeaf(leaf, NAMES, now)
  const chain = { key: forged.key, certificate: forged.certificate + leaf.certificate }
  t.not(await handshake(t, chain, authority, '127.0.0.1'), 'trusted')
})

test('an authority lasts ten years and a leaf one, both from an hour ago; no leaf outlives its authority', async (t) => {
  const authority = await newAuthority({ name: 'test' }, now)
  t.true(Math.abs(endOf(authority) - later(10 * YEAR).getTime()) < 2_000)
  const leaf = await newLeaf(authority, NAMES, now)
  t.true(Math.abs(endOf(leaf) - later(YEAR).getTime()) < 2_000)
  t.true(new X509Certificate(leaf.certificate).validFromDate < later(-59 * 60 * 1000))
  t.is(endOf(await newLeaf(authority, NAMES, later(9.5 * YEAR))), endOf(authority))
})

test('serials are positive, 127 bits long and never the same', (t) => {
  const serials = new Set(Array.from({ length: 2_000 }, newSerial))
  t.is(serials.size, 2_000)
  for (const serial of serials) t.regex(serial, /^[4-7][0-9a-f]{31}$/)
})

test('a leaf is judged: good, stale for a reason, or broken', async (t) => {
  const [authority, other] = [
    await newAuthority({ name: 'test' }, now),
    await newAuthority({ name: 'test' }, now),
  ]
  const leaf = await newLeaf(authority, NAMES, now)
  t.deepEqual(judgeLeaf(leaf, authority, NAMES, now), { state: 'good' })
  t.deepEqual(judgeLeaf(leaf, authority, NAMES.slice(1), now), { state: 'good' }, 'a name more does no harm')
  const why = (one: Pair, by: Pair, names: string[], at: Date) => {
    const judged = judgeLeaf(one, by, names, at)
    return judged.state === 'good' ? 'good' : `${judged.state}: ${judged.why}`
  }
  t.is(why(leaf, other, NAMES, now), 'stale: it is signed by another authority')
  const forged = await newLeaf({ certificate: authority.certificate, key: other.key }, NAMES, now)
  t.is(why(forged, authority, NAMES, now), 'stale: it is signed by another authority')
  t.is(why(leaf, authority, [...NAMES, '10.0.0.1'], now), 'stale: it is not for 10.0.0.1')
  t.is(why(leaf, authority, [...NAMES, 'a.room'], now), 'stale: it is not for a.room')
  t.is(why(leaf, authority, NAMES, later(YEAR - 31 * DAY)), 'good')
  t.regex(why(leaf, authority, NAMES, later(YEAR - 29 * DAY)), /^stale: it ends on /)
  t.regex(why(leaf, authority, NAMES, later(YEAR + DAY)), /^stale: it ends on /)
  t.is(
    why({ ...leaf, key: other.key }, authority, NAMES, now),
    'broken: its key belongs to another certificate',
  )
  t.is(why({ ...leaf, key: 'x' }, authority, NAMES, now), 'broken: its certificate or its key is not PEM')
  t.is(
    why({ ...leaf, certificate: '' }, authority, NAMES, now),
    'broken: its certificate or its key is not PEM',
  )
})

test('a leaf that ends with its authority is not made anew again and again', async (t) => {
  const authority = await newAuthority({ name: 'test' }, now)
  const leaf = await newLeaf(authority, NAMES, later(10 * YEAR - 20 * DAY))
  t.deepEqual(judgeLeaf(leaf, authority, NAMES, later(10 * YEAR - 20 * DAY)), { state: 'good' })
})

test('an authority is judged too', async (t) => {
  const [authority, other] = [
    await newAuthority({ name: 'test' }, now),
    await newAuthority({ name: 'test' }, now),
  ]
  t.is(authorityFault(authority, now), undefined)
  t.regex(authorityFault(authority, later(11 * YEAR)) ?? '', /ended on/)
  t.regex(authorityFault({ ...authority, key: other.key }, now) ?? '', /another certificate/)
  t.regex(authorityFault(await newLeaf(authority, NAMES, now), now) ?? '', /not that of an authority/)
})
