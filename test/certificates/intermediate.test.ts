import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import test from 'ava'
import { type AuthorityKind, newAuthority } from '../../certificates/authority.ts'
import { judgeIntermediate, newIntermediate } from '../../certificates/intermediate.ts'
import { type Pair, YEAR } from '../../certificates/issue.ts'
import { newLeaf } from '../../certificates/leaf.ts'
import { namesAllowed } from '../../certificates/name-constraints.ts'

const now = new Date()
const later = (years: number) => new Date(now.getTime() + years * YEAR)
const ROOT = { name: 'root', names: ['desk.example.org', '127.0.0.1'], root: true } as const
const BELOW = 'below'

/** What a client that trusts the root alone says to a server with this leaf, called by that name; nothing when it is content. */
async function complaint(root: Pair, sent: Pair, host: string): Promise<string | undefined> {
  const server = createServer({ cert: sent.certificate, key: sent.key })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  try {
    return await new Promise((resolve) => {
      const name = /^[0-9.]+$/.test(host) ? { host } : { host: '127.0.0.1', servername: host }
      const socket = connect({ ...name, port, ca: root.certificate }, () => {
        socket.destroy()
        resolve(undefined)
      })
      socket.once('error', ({ message }) => resolve(message))
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

async function chain(kind: AuthorityKind, names: readonly string[]) {
  const root = await newAuthority(kind, now)
  const below = await newIntermediate(root, BELOW, now)
  const leaf = await newLeaf(below, names, now)
  return { root, below, sent: { ...leaf, certificate: leaf.certificate + below.certificate } }
}

test('a client that trusts the root alone takes the leaf, by host and by address', async (t) => {
  const { root, sent } = await chain(ROOT, ['desk.example.org', '127.0.0.1'])
  t.is(await complaint(root, sent, 'desk.example.org'), undefined)
  t.is(await complaint(root, sent, '127.0.0.1'), undefined)
})

test('whoever has the key between root and leaf vouches for no other site: neither by host nor by address', async (t) => {
  for (const [kind, name] of [
    [ROOT, 'bank.example.com'],
    [ROOT, 'example.org'],
    [{ ...ROOT, names: ['desk.example.org'] }, '127.0.0.1'],
    [{ ...ROOT, names: ['desk.example.org', '192.0.2.10'] }, '127.0.0.1'],
  ] as const) {
    const { root, sent } = await chain(kind, [name])
    t.regex((await complaint(root, sent, name)) ?? '', /subtree violation/, name)
  }
})

test('without the constraints those clients would take it', async (t) => {
  const { root, sent } = await chain({ name: 'root', root: true }, ['bank.example.com'])
  t.is(await complaint(root, sent, 'bank.example.com'), undefined)
})

test('the key between root and leaf makes no authorities of its own', async (t) => {
  const { root, below } = await chain(ROOT, ['desk.example.org'])
  const further = await newIntermediate(below, 'further', now)
  const leaf = await newLeaf(further, ['desk.example.org'], now)
  const sent = { ...leaf, certificate: leaf.certificate + further.certificate + below.certificate }
  t.regex((await complaint(root, sent, 'desk.example.org')) ?? '', /path length/)
})

test('constraints stand in root and intermediate alike, and can be read again', async (t) => {
  const { root, below } = await chain(ROOT, ['desk.example.org'])
  for (const { certificate } of [root, below]) t.deepEqual(namesAllowed(certificate), [...ROOT.names])
  t.is(namesAllowed((await newAuthority({ name: BELOW }, now)).certificate), undefined)
})

test('an intermediate is made anew while its leaves can still last a year, and for another root', async (t) => {
  const [root, other] = [await newAuthority(ROOT, now), await newAuthority(ROOT, now)]
  const below = await newIntermediate(root, BELOW, now)
  const state = (at: Date, from = root) => judgeIntermediate(below, from, at).state
  t.is(state(now), 'good')
  t.is(state(later(1.8)), 'good')
  t.is(state(later(1.95)), 'stale')
  t.is(state(now, other), 'stale')
  t.is(judgeIntermediate({ ...below, key: root.key }, root, now).state, 'broken')
  t.is(judgeIntermediate(await newLeaf(root, ['desk.example.org'], now), root, now).state, 'stale')
})

test('no intermediate outlives its root', async (t) => {
  const root = await newAuthority(ROOT, now)
  const below = await newIntermediate(root, BELOW, later(9))
  t.is(new X509Certificate(below.certificate).validTo, new X509Certificate(root.certificate).validTo)
  t.is(judgeIntermediate(below, root, later(9.5)).state, 'good')
})
