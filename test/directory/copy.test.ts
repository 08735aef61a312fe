import { gunzipSync } from 'node:zlib'
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { seal, unseal } from '../../directory/copy.ts'
import type { LdifEntry } from '../../directory/ldif.ts'

const BASE = 'dc=room,dc=example'
const HASH = Buffer.from('{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$abc$def\u0000')

const entries: LdifEntry[] = [
  { dn: BASE, attributes: new Map([['objectClass', [Buffer.from('organization')]]]) },
  {
    dn: `uid=ada,ou=people,${BASE}`,
    attributes: new Map([
      ['objectClass', [Buffer.from('posixAccount')]],
      ['cn', [Buffer.from('Ada Łovelace')]],
      ['userPassword', [HASH]],
    ]),
  },
]
const snapshot = { entries, stamps: new Map([['001', '20261126010000.000000Z#000000#001#000000']]) }
const AT = new Date('2026-11-26T01:00:03Z')

async function sealed() {
  const key = await generateX25519Identity()
  const other = await generateX25519Identity()
  const recipients = [await identityToRecipient(key), await identityToRecipient(other)]
  return { key, other, ...(await seal(BASE, snapshot, AT, recipients)) }
}

test('what was sealed is read by either key, with a manifest that says what it is', async (t) => {
  const { key, other, bytes } = await sealed()
  for (const one of [`# a comment\n${key}\n`, other]) {
    const copy = await unseal(bytes, one)
    if ('unreadable' in copy) return t.fail(copy.message)
    t.deepEqual(copy.entries, entries)
    t.like(copy.manifest, { room: BASE, at: AT.toISOString(), people: 1, groups: 0, entries: 2 })
    t.deepEqual(copy.manifest.stamps, [...snapshot.stamps.values()])
  }
})

test('nothing of it stands in clear, and it is plain LDIF inside', async (t) => {
  const { key, bytes } = await sealed()
  t.false(bytes.includes('ada') || bytes.includes('argon2id') || bytes.includes('room'))
  const decrypter = new Decrypter()
  decrypter.addIdentity(key)
  t.regex(
    gunzipSync(await decrypter.decrypt(bytes)).toString(),
    /^# deskfleet copy [^\n]+\ndn: dc=room,dc=example\n/,
  )
})

test('each way in which a file is no good is told apart', async (t) => {
  const { key, bytes } = await sealed()
  const why = async (file: Uint8Array, keys: string) => {
    const found = await unseal(file, keys)
    return 'unreadable' in found ? found.unreadable : 'read'
  }
  t.is(await why(bytes, await generateX25519Identity()), 'anotherKey')
  t.is(await why(bytes, ''), 'noKey')
  t.is(await why(bytes, 'age1notprivate'), 'noKey')
  t.is(await why(Buffer.from('nothing of ours'), key), 'noCopy')
  t.is(await why(new Uint8Array(), key), 'noCopy')
  for (let end = 30; end < bytes.length; end += 7)
    t.is(await why(bytes.subarray(0, end), key), 'damaged', `cut at ${end}`)
  for (let at = 22; at < bytes.length; at += 5) {
    const altered = Buffer.from(bytes)
    altered.writeUInt8(altered.readUInt8(at) ^ 1, at)
    t.not(await why(altered, key), 'read', `altered at ${at}`)
  }
})

test('a copy for nobody is never made', async (t) => {
  await t.throwsAsync(seal(BASE, snapshot, AT, []), { message: /public key/ })
})
