import { randomBytes } from 'node:crypto'
import test from 'ava'
import { keepOnward, onwardIn } from '../../gateway/entrance/onward.ts'
import {
  beginEntering,
  openPass,
  openTicket,
  passCookies,
  pathIn,
  STATE,
  sealTicket,
} from '../../gateway/entrance/pass.ts'
import { COOKIE, unseal } from '../../gateway/session/cookie.ts'
import { type Key, keyName, SESSION_KEYS } from '../../gateway/session/keys.ts'
import { newSession, SESSION_LIFE } from '../../gateway/session/session.ts'

/** The way from a session to a service's site: what is sealed for whom, and for how long. */

const NOW = Date.UTC(2026, 10, 28, 12)
const made = NOW - 1_000_000
const keys: readonly Key[] = [
  { id: keyName(SESSION_KEYS, made), bytes: new Uint8Array(randomBytes(32)), made },
]
const session = newSession({ slug: 'ada', login: 'ada', name: 'Ada', entryUUID: 'u-1' }, NOW)

/** The number in a `Set-Cookie` of `beginEntering`. */
const numberIn = (line: string): string => /=([^;]*)/.exec(line)?.[1] ?? ''

test('a ticket is good for its service, its browser and a minute', async (t) => {
  const { state, cookie } = beginEntering()
  t.regex(state, STATE)
  const number = numberIn(cookie)
  const ticket = await sealTicket({ service: 'wiki', state, path: '/a' }, session, keys, NOW)
  const open = (service: string, given: string | undefined, at: number) =>
    openTicket(ticket, service, given, keys, at)
  t.like(await open('wiki', number, NOW + 59_000), { path: '/a', session: { slug: 'ada' } })
  t.is(await open('wiki', number, NOW + 60_000), undefined, 'a minute')
  t.is(await open('chat', number, NOW), undefined, 'another service')
  t.is(await open('wiki', numberIn(beginEntering().cookie), NOW), undefined, 'another browser')
  t.is(await open('wiki', state, NOW), undefined, 'the digest is in the address, and is not the number')
  t.is(await open('wiki', undefined, NOW), undefined)
  t.is(await openTicket([ticket], 'wiki', number, keys, NOW), undefined, 'twice in the address')
})

test('a pass is good for its service and as long as the session; neither is the other', async (t) => {
  const [line = ''] = await passCookies('wiki', session, keys, NOW)
  const pass = numberIn(line)
  t.like(await openPass(pass, 'wiki', keys, NOW + SESSION_LIFE - 1), { id: session.id, slug: 'ada' })
  t.is(await openPass(pass, 'wiki', keys, NOW + SESSION_LIFE), undefined)
  t.is(await openPass(pass, 'chat', keys, NOW), undefined)
  t.is(await unseal(pass, keys, NOW), undefined, 'a pass is no session')
  const { state, cookie } = beginEntering()
  const ticket = await sealTicket({ service: 'wiki', state, path: '/' }, session, keys, NOW)
  t.is(await openPass(ticket, 'wiki', keys, NOW), undefined, 'a ticket is no pass')
  t.is(await openTicket(pass, 'wiki', numberIn(cookie), keys, NOW), undefined, 'a pass is no ticket')
  t.false(JSON.stringify(await openPass(pass, 'wiki', keys, NOW)).includes(session.formToken))
})

test('a path leads to the same site and to no page of ours', (t) => {
  for (const path of ['/', '/a/b?c=d&e=%2F', '/.well-known/x', '/.deskfleetx']) t.is(pathIn(path), path)
  for (const path of [
    ...['', 'a', '//evil.example', '/\\evil.example', '/a\\..\\b', '/a\r\nSet-Cookie: b', '/ä', '/a b'],
    ...['/.deskfleet/enter?ticket=x', 'https://evil.example/', `/${'x'.repeat(1_600)}`],
  ])
    t.is(pathIn(path), undefined, path)
  t.is(pathIn(['/']), undefined)
})

test('after a login people are led to a service that they came for, and nowhere else', (t) => {
  const page = '/services/wiki?state=abc&path=%2Fpages%2Fhome%3Fx%3D1'
  const line = keepOnward(page) ?? ''
  t.regex(line, /^__Host-onward=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=600$/)
  t.is(onwardIn(`${COOKIE}=x; ${line.split(';')[0]}`), page)
  for (const other of ['/desktop', '/services', '/services/../logout?x', '//evil.example/services/wiki?x'])
    t.is(keepOnward(other), undefined, other)
  const planted = Buffer.from('//evil.example').toString('base64url')
  t.is(onwardIn(`__Host-onward=${planted}`), undefined)
  t.is(onwardIn(undefined), undefined)
})
