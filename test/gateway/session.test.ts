import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { CompactEncrypt, EncryptJWT } from 'jose'
import { COOKIE, cookieIn, seal, setCookie, unseal } from '../../gateway/session/cookie.ts'
import {
  DEVICE_KEYS,
  decideKeys,
  KEY_KINDS,
  type Key,
  keyName,
  keysIn,
  SESSION_KEYS,
  sealingKey,
} from '../../gateway/session/keys.ts'
import { endedIn, isEnded, type Lines, lineOf, prune, saysSo } from '../../gateway/session/revoked.ts'
import { newSession, SESSION_LIFE } from '../../gateway/session/session.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const key = (made: number): Key => ({
  id: keyName(SESSION_KEYS, made),
  bytes: new Uint8Array(randomBytes(32)),
  made,
})
const keys = [key(NOW - 1_000_000)]
const person = { slug: 'ada', login: 'ada', name: 'Ada', entryUUID: 'u-1' }
const session = newSession(person, NOW)

test('a sealed session comes back whole, until it ends', async (t) => {
  const sealed = await seal(session, keys, NOW)
  t.deepEqual(await unseal(sealed, keys, NOW + SESSION_LIFE - 1), session)
  t.is(await unseal(sealed, keys, NOW + SESSION_LIFE), undefined)
  t.true(setCookie(sealed).length < 1_000)
})

test('the cookie says nothing in clear, and is bound to this host and to HTTPS', async (t) => {
  const line = setCookie(await seal(session, keys, NOW))
  t.regex(line, /^__Host-desk=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=36000$/)
  const [, payload = ''] = line.split('.')
  t.notRegex(Buffer.from(payload, 'base64url').toString('latin1'), /ada/)
})

test('no byte of a sealed session can be changed', async (t) => {
  const sealed = await seal(session, keys, NOW)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(sealed.length - 1),
      fc.constantFrom('A', 'z', '_', '.', '0'),
      async (at, sign) => {
        const forged = sealed.slice(0, at) + sign + sealed.slice(at + 1)
        // The last sign of a part may hold bits that nobody reads: then it is the same session, and no other.
        const read = await unseal(forged, keys, NOW)
        return forged === sealed || read === undefined || isDeepStrictEqual(read, session)
      },
    ),
    { numRuns: 300, examples: [[385, '0']] },
  )
  t.pass()
})

test('another key, an unknown key, another algorithm, another purpose and no sealing at all are refused', async (t) => {
  const sealed = await seal(session, keys, NOW)
  const stranger = [{ ...key(NOW), id: keys[0]?.id ?? '' }]
  t.is(await unseal(sealed, stranger, NOW), undefined)
  t.is(await unseal(sealed, [], NOW), undefined)
  const bytes = keys[0]?.bytes ?? new Uint8Array()
  const id = keys[0]?.id ?? ''
  const other = new EncryptJWT({ ...session }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: id })
  t.is(await unseal(await other.setAudience('something-else').encrypt(bytes), keys, NOW), undefined)
  const wrapped = new CompactEncrypt(Buffer.from(JSON.stringify(session)))
  t.is(
    await unseal(
      await wrapped.setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM', kid: id }).encrypt(bytes),
      keys,
      NOW,
    ),
    undefined,
  )
  const plain = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(session)).toString('base64url')}.`
  t.is(await unseal(plain, keys, NOW), undefined)
})

test('a session that claims a longer life than any has is refused, though it is sealed by our key', async (t) => {
  const eternal = { ...session, ends: NOW + 10 * SESSION_LIFE }
  t.is(await unseal(await seal(eternal, keys, NOW), keys, NOW), undefined)
  t.truthy(await unseal(await seal(session, keys, NOW), keys, NOW))
})

test('a request with one session cookie is read; one with two is not', (t) => {
  t.is(cookieIn(`a=b; ${COOKIE}=x; c=d`), 'x')
  t.is(cookieIn(`${COOKIE}=x; ${COOKIE}=y`), undefined)
  t.is(cookieIn(`not${COOKIE}=x`), undefined)
  t.is(cookieIn(undefined), undefined)
})

test('keys take turns: whatever was sealed can be opened for its whole life, and two keys are enough', async (t) => {
  let held: Key[] = []
  const sealed: { text: string; at: number }[] = []
  for (let now = NOW; now < NOW + 5 * SESSION_KEYS.turn; now += 5 * 60_000) {
    const change = decideKeys(SESSION_KEYS, held, now)
    held = [...held.filter(({ id }) => !change.remove.includes(id)), ...(change.add ? [key(now)] : [])]
    t.true(held.length <= 3)
    if ((now / 300_000) % 24 === 0)
      sealed.push({
        text: await seal({ ...session, began: now, ends: now + SESSION_LIFE }, held, now),
        at: now,
      })
    for (const { text, at } of sealed.filter((one) => now - one.at < SESSION_LIFE).slice(0, 2)) {
      if (!(await unseal(text, held, now))) t.fail(`sealed at ${at}, lost at ${now}`)
    }
  }
  t.true(sealed.length > 5)
})

test('a new key seals only after every replica has seen it', (t) => {
  const [old, fresh] = [key(NOW - SESSION_KEYS.turn), key(NOW)]
  t.is(sealingKey([old, fresh], NOW + 1_000), old)
  t.is(sealingKey([old, fresh], NOW + 61_000), fresh)
  t.is(sealingKey([fresh], NOW + 1), fresh)
})

test('keys of each kind take turns so that whatever they sealed is opened for its whole life', (t) => {
  for (const kind of KEY_KINDS) {
    let held: Key[] = []
    const sealedBy: { id: string; at: number }[] = []
    const step = kind.turn / 48
    for (let now = NOW; now < NOW + 8 * kind.turn; now += step) {
      const change = decideKeys(kind, held, now)
      held = [...held.filter(({ id }) => !change.remove.includes(id)), ...(change.add ? [key(now)] : [])]
      sealedBy.push({ id: sealingKey(held, now)?.id ?? '', at: now })
      const ids = new Set(held.map(({ id }) => id))
      for (const { id, at } of sealedBy)
        if (now - at < kind.life && !ids.has(id)) t.fail(`${kind.letter}: sealed at ${at}, lost at ${now}`)
    }
    t.true(held.length <= kind.life / kind.turn + 3, `${held.length} of ${kind.letter}`)
  }
})

test('what is no key of that kind in the Secret is passed over', (t) => {
  const good = Buffer.from(randomBytes(32)).toString('base64')
  const data = {
    [keyName(SESSION_KEYS, NOW)]: good,
    [keyName(DEVICE_KEYS, NOW)]: good,
    other: good,
    [keyName(SESSION_KEYS, 5)]: good,
    [keyName(SESSION_KEYS, NOW + 1)]: 'AAAA',
  }
  t.deepEqual(
    KEY_KINDS.map((kind) => keysIn(kind, data).map(({ id }) => id)),
    [[keyName(SESSION_KEYS, NOW)], [keyName(DEVICE_KEYS, NOW)]],
  )
})

const write = (lines: Lines, revocation: Parameters<typeof lineOf>[0]): Lines => ({
  ...lines,
  ...Object.fromEntries([lineOf(revocation, lines)]),
})

test('ended: that session, or all of a person that began before; later ones live; old lines go', (t) => {
  const lines = write({}, { session })
  t.true(isEnded(endedIn(lines), session))
  t.false(isEnded(endedIn(lines), newSession(person, NOW)))
  const all = write(lines, { person: 'ada', before: NOW + 5 })
  const ended = endedIn(all)
  t.true(isEnded(ended, newSession(person, NOW + 4)))
  t.false(isEnded(ended, newSession(person, NOW + 5)))
  t.false(isEnded(ended, { ...session, id: 'x', slug: 'bob' }))
  t.false(isEnded(endedIn({}), { id: 'constructor', slug: '__proto__', began: 0 }))
  t.true(saysSo(ended, { session }))
  t.false(saysSo(ended, { person: 'ada', before: NOW + 6 }))
  const later = write(all, { person: 'bob', before: NOW + SESSION_LIFE })
  t.deepEqual(Object.keys(prune(later, NOW + SESSION_LIFE + 10) ?? {}), ['p.bob'])
  t.deepEqual(Object.keys(prune(later, NOW) ?? {}), ['p.ada', 'p.bob'], 'the session is among all of before')
})

test('a person’s line never says less than it did, whoever writes it later', (t) => {
  const lines = write(write({}, { person: 'ada', before: NOW }), { person: 'ada', before: NOW - 5 })
  t.true(isEnded(endedIn(lines), newSession(person, NOW - 1)))
})

const loggedOut = (count: number, slug: (index: number) => string): Lines =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) =>
      lineOf({ session: newSession({ ...person, slug: slug(index) }, NOW + index) }),
    ),
  )

test('who logs in and out for ever has 20 lines and one more; nothing that ended lives again', (t) => {
  const lines = loggedOut(500, () => 'ada-x')
  const left = prune(lines, NOW + 1_000) ?? {}
  t.is(Object.keys(left).length, 21)
  const ended = endedIn(left)
  for (const [index, key] of Object.keys(lines).entries())
    t.true(isEnded(ended, { id: key.slice(2), slug: 'ada-x', began: NOW + index }))
  // Open still, and begun after the newest that is merged: it lives. Before so many that are over: it ends with them.
  t.false(isEnded(ended, { id: 'open', slug: 'ada-x', began: NOW + 480 }))
  t.true(isEnded(ended, { id: 'open', slug: 'ada-x', began: NOW + 479 }))
  t.is(prune(left, NOW + 1_000), undefined, 'a list in order is left alone')
})

test('twenty log-outs end nothing but themselves', (t) => {
  const lines = loggedOut(20, () => 'ada')
  t.is(prune(lines, NOW + 1_000), undefined)
  t.false(isEnded(endedIn(lines), { id: 'open', slug: 'ada', began: NOW - 1 }))
})

test('34,000 log-outs become 5,000 lines, or one a person, whoever they are of', (t) => {
  for (const people of [1, 100, 1_000, 9_000]) {
    const lines = loggedOut(34_000, (index) => `p${index % people}`)
    const left = prune(lines, NOW + 60_000) ?? {}
    t.true(
      Object.keys(left).length <= Math.max(5_000, people),
      `${people} people: ${Object.keys(left).length} lines`,
    )
    t.true(JSON.stringify(left).length < 600_000)
    const ended = endedIn(left)
    t.true(
      Object.entries(lines).every(([key, text]) =>
        isEnded(ended, { id: key.slice(2), slug: text.split('-')[0] ?? '', began: NOW }),
      ),
      'none of them lives again',
    )
  }
})

test('lines of an older version, without a name, stay until their time is over', (t) => {
  const old = { 's.old': String(NOW + 10) }
  t.true(isEnded(endedIn(old), { ...session, id: 'old' }))
  t.is(prune(old, NOW), undefined)
  t.deepEqual(prune(old, NOW + 10), {})
})
