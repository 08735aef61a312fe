import { randomBytes } from 'node:crypto'
import test from 'ava'
import {
  DEVICE_COOKIE,
  DEVICE_LIFE,
  type Device,
  deviceCookie,
  knows,
  letIn,
  MOST_PEOPLE,
  sealDevice,
  unsealDevice,
} from '../../gateway/login/device.ts'
import { cookieIn, seal, unseal } from '../../gateway/session/cookie.ts'
import { DEVICE_KEYS, type Key, keyName } from '../../gateway/session/keys.ts'
import { newSession } from '../../gateway/session/session.ts'

const NOW = Date.UTC(2026, 10, 26, 5)
const key = (): Key => ({
  id: keyName(DEVICE_KEYS, NOW - 1_000_000),
  bytes: new Uint8Array(randomBytes(32)),
  made: NOW - 1_000_000,
})
const keys = [key()]
const fresh: Device = { nonce: randomBytes(16).toString('base64url'), people: [] }
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

test('a browser knows whom it let in, for 90 days after their last login there, and nobody else', (t) => {
  const device = letIn(fresh, uuid(1), NOW)
  t.true(knows(device, uuid(1), NOW + DEVICE_LIFE - 1))
  t.false(knows(device, uuid(1), NOW + DEVICE_LIFE))
  t.false(knows(device, uuid(2), NOW))
  t.false(knows(device, undefined, NOW))
  t.false(knows(undefined, uuid(1), NOW))
  const again = letIn(letIn(device, uuid(2), NOW + 1), uuid(1), NOW + 2)
  t.deepEqual(again, {
    nonce: fresh.nonce,
    people: [
      [uuid(1), NOW + 2],
      [uuid(2), NOW + 1],
    ],
  })
})

test('PCs are shared: so many people, the newest, and the cookie stays small', async (t) => {
  let device = fresh
  for (let n = 0; n < 50; n++) device = letIn(device, uuid(n), NOW + n)
  t.is(device.people.length, MOST_PEOPLE)
  t.true(knows(device, uuid(49), NOW + 50))
  t.false(knows(device, uuid(0), NOW + 50))
  const text = await sealDevice(device, keys, NOW)
  t.true(deviceCookie(text).length < 2_048, `${text.length}`)
  t.deepEqual(await unsealDevice(text, keys), device)
})

test('the cookie outlives the session, says nothing in clear, and no other host sets or reads it', async (t) => {
  const line = deviceCookie(await sealDevice(letIn(fresh, uuid(1), NOW), keys, NOW))
  t.regex(line, /^__Host-desk-device=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=7776000$/)
  t.false(line.includes(fresh.nonce))
  t.is(cookieIn(`${line.split(';')[0]}; __Host-desk=x`), 'x')
  t.is(cookieIn(`${DEVICE_COOKIE}=x; ${DEVICE_COOKIE}=y`, DEVICE_COOKIE), undefined)
})

test('nothing but what our key sealed as a device is one', async (t) => {
  const text = await sealDevice(letIn(fresh, uuid(1), NOW), keys, NOW)
  t.is(await unsealDevice(text, [key()]), undefined)
  t.is(await unsealDevice(text, []), undefined)
  t.is(await unsealDevice(`${text.slice(0, -6)}AAAAAA`, keys), undefined)
  t.is(await unsealDevice('x'.repeat(10_000), keys), undefined)
  t.is(await unsealDevice('', keys), undefined)
  // Sealed by the same key, for something else.
  const session = newSession({ slug: 'ada', login: 'ada', name: 'Ada', entryUUID: uuid(1) }, NOW)
  t.is(await unsealDevice(await seal(session, keys, NOW), keys), undefined)
  t.is(await unseal(text, keys, NOW), undefined)
})
