import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { CompactEncrypt, EncryptJWT } from 'jose'
import { COOKIE, cookieIn, seal, setCookie, unseal } from '../../gateway/session/cookie.ts'
import { decideKeys, KEY_TURN, type Key, keyName, keysIn, sealingKey } from '../../gateway/session/keys.ts'
import { isRevoked, revoke } from '../../gateway/session/revoked.ts'
import { newSession, SESSION_LIFE } from '../../gateway/session/session.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const key = (made: number): Key => ({ id: keyName(made), bytes: new Uint8Array(randomBytes(32)), made })
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

test('one cookie of ours counts; two are a trick', (t) => {
  t.is(cookieIn(`a=b; ${COOKIE}=x; c=d`), 'x')
  t.is(cookieIn(`${COOKIE}=x; ${COOKIE}=y`), undefined)
  t.is(cookieIn(`not${COOKIE}=x`), undefined)
  t.is(cookieIn(undefined), undefined)
})

test('keys take turns: whatever was sealed can be opened for its whole life, and two keys are enough', async (t) => {
  let held: Key[] = []
  const sealed: { text: string; at: number }[] = []
  for (let now = NOW; now < NOW + 5 * KEY_TURN; now += 5 * 60_000) {
    const change = decideKeys(held, now)
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
  const [old, fresh] = [key(NOW - KEY_TURN), key(NOW)]
  t.is(sealingKey([old, fresh], NOW + 1_000), old)
  t.is(sealingKey([old, fresh], NOW + 61_000), fresh)
  t.is(sealingKey([fresh], NOW + 1), fresh)
})

test('what is no key of ours in the Secret is passed over', (t) => {
  const good = Buffer.from(randomBytes(32)).toString('base64')
  t.deepEqual(
    keysIn({ [keyName(NOW)]: good, other: good, [keyName(5)]: good, [keyName(NOW + 1)]: 'AAAA' }).map(
      ({ id }) => id,
    ),
    [keyName(NOW)],
  )
})

test('revoked: that session, or all of a person that began before; later ones live; old lines go', (t) => {
  const lines = revoke({}, { session }, NOW)
  t.true(isRevoked(lines, session))
  t.false(isRevoked(lines, newSession(person, NOW)))
  const all = revoke(lines, { person: 'ada', before: NOW + 5 }, NOW + 5)
  t.true(isRevoked(all, newSession(person, NOW + 4)))
  t.false(isRevoked(all, newSession(person, NOW + 5)))
  t.false(isRevoked(all, { ...session, id: 'x', slug: 'bob' }))
  t.false(isRevoked({}, { id: 'constructor', slug: '__proto__', began: 0 }))
  t.deepEqual(Object.keys(revoke(all, { person: 'bob', before: NOW }, NOW + 2 * SESSION_LIFE)), ['p.bob'])
})
