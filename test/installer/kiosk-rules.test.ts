import test from 'ava'
import '../../installer/kiosk/extension/shortcuts.js'
import { arrived, isLost, placeOf, reasonOf } from '../../installer/kiosk/extension/rules.js'

/** What the screen's own extension decides. */

const DOOR = 'https://desk.room.example.org'
const at = (path: string) => `${DOOR}${path}`

test('what is below the name of the door is a service, and nothing else is of the room', (t) => {
  for (const [address, place] of [
    [at('/desktop'), 'room'],
    ['https://wiki.desk.room.example.org/page', 'service'],
    ['https://desk.room.example.org:8443/', 'elsewhere'],
    ['http://wiki.desk.room.example.org/', 'elsewhere'],
    ['https://evildesk.room.example.org/', 'elsewhere'],
    ['https://room.example.org/', 'elsewhere'],
    ['https://desk.room.example.org.evil.example/', 'elsewhere'],
    ['data:text/html,x', 'elsewhere'],
  ] as const)
    t.is(placeOf(DOOR, address), place, address)
})

test('whoever is at a service is in', (t) => {
  t.deepEqual(arrived(false, DOOR, 'https://wiki.desk.room.example.org/login'), { used: true })
  t.deepEqual(arrived(true, DOOR, 'https://wiki.desk.room.example.org/login'), { used: true })
})

test('whoever comes to the login after having been in ends the browser, however they came there', (t) => {
  for (const path of ['/login?after=out', '/login?after=ended', '/login'])
    t.deepEqual(arrived(true, DOOR, at(path)), { used: true, end: 0 }, path)
  t.true(
    (arrived(true, DOOR, at('/login?after=changed')).end ?? 0) > 1_000,
    'the word of the new password can be read',
  )
})

test('nobody is in who sees the login, chooses a first password or only got a file', (t) => {
  for (const path of ['/login', '/login/password', '/robots.txt', '/assets/1/style.css'])
    t.deepEqual(arrived(false, DOOR, at(path)), { used: false }, path)
})

test('any other page of the room says that somebody is in', (t) => {
  for (const path of ['/desktop', '/password', '/helping', '/administration', '/loginx'])
    t.deepEqual(arrived(false, DOOR, at(path)), { used: true }, path)
})

test('what was called off is no failure', (t) => {
  t.false(isLost('net::ERR_ABORTED'))
  t.true(isLost('net::ERR_INTERNET_DISCONNECTED'))
  t.true(isLost('net::ERR_BLOCKED_BY_ADMINISTRATOR'))
})

test('each failure has words of its own kind', (t) => {
  for (const [error, reason] of [
    ['net::ERR_CERT_DATE_INVALID', 'clock'],
    ['net::ERR_CERT_AUTHORITY_INVALID', 'trust'],
    ['net::ERR_SSL_PROTOCOL_ERROR', 'trust'],
    ['net::ERR_NAME_NOT_RESOLVED', 'name'],
    ['net::ERR_CONNECTION_REFUSED', 'room'],
    ['net::ERR_INTERNET_DISCONNECTED', 'network'],
    ['net::ERR_TIMED_OUT', 'network'],
    ['service', 'service'],
    [undefined, 'network'],
  ] as const)
    t.is(reasonOf(error), reason, error)
})

test('keys of the browser do nothing; those by which people write, find, enlarge and go back stay', (t) => {
  const { opensSomething } = globalThis as unknown as { opensSomething: (pressed: object) => boolean }
  const none = { ctrlKey: false, metaKey: false, shiftKey: false, altGraph: false }
  const ctrl = { ...none, ctrlKey: true }
  for (const key of ['n', 'T', 'o', 'p', 's', 'u', 'h', 'j', 'w', 'L'])
    t.true(opensSomething({ ...ctrl, key }), key)
  for (const key of ['F1', 'F11', 'F12', 'BrowserSearch', 'LaunchMail'])
    t.true(opensSomething({ ...none, key }), key)
  t.true(opensSomething({ ...none, shiftKey: true, key: 'Escape' }))
  for (const key of ['c', 'V', 'z', 'f', '+', '0', 'ArrowLeft', 'Backspace'])
    t.false(opensSomething({ ...ctrl, key }), key)
  for (const key of ['n', 'Escape', 'F5', 'Enter', 'BrowserBack'])
    t.false(opensSomething({ ...none, key }), key)
  t.false(opensSomething({ ...ctrl, altGraph: true, key: '@' }), 'a letter of some keyboards')
})
