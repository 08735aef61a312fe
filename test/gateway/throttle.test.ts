import { randomBytes } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { SLAPD_LOCK } from '../../charts/slapd/seed.ts'
import { failuresIn } from '../../gateway/login/failures.ts'
import { decideLines } from '../../gateway/login/share.ts'
import { newTagger } from '../../gateway/login/tag.ts'
import { LIMITS, longest, newThrottle, type Throttle } from '../../gateway/login/throttle.ts'
import { DEVICE_KEYS, keyName } from '../../gateway/session/keys.ts'
import { network } from '../../service/address.ts'

const NOW = Date.UTC(2026, 10, 26, 5)
const MINUTE = 60_000
const keys = [{ id: keyName(DEVICE_KEYS, NOW), bytes: new Uint8Array(randomBytes(32)), made: NOW }]
const tag = newTagger(
  () => keys,
  () => NOW,
)
const own = () => newThrottle(tag)
const stranger = (login: string, address = '192.0.2.1') => ({ login, address })
const passes = (throttle: Throttle, caller: Parameters<Throttle['begin']>[0], now: number): boolean =>
  'attempt' in throttle.begin(caller, now)
/** How many of so many tries pass, each by another caller. */
const passed = (
  throttle: Throttle,
  count: number,
  caller: (index: number) => Parameters<Throttle['begin']>[0],
  now = NOW,
) => Array.from({ length: count }, (_, index) => passes(throttle, caller(index), now)).filter(Boolean).length
const waitOf = (throttle: Throttle, caller: Parameters<Throttle['begin']>[0], now: number): number => {
  const begun = throttle.begin(caller, now)
  return 'wait' in begun ? begun.wait : 0
}
const hears = (one: Throttle, others: readonly Throttle[], now = NOW) =>
  one.hear(others.flatMap((other) => failuresIn(other.said(now))))

test('five failures of one person from one address, then that address waits for them; others do not', (t) => {
  const throttle = own()
  for (let i = 0; i < 5; i++) t.true(passes(throttle, stranger('ada'), NOW + i))
  t.is(waitOf(throttle, stranger('ada'), NOW + 10), LIMITS.personHere.window - 10)
  t.true(passes(throttle, stranger('bob'), NOW + 10))
  t.true(passes(throttle, stranger('ada', '192.0.2.2'), NOW + 10))
  t.true(passes(throttle, stranger('ada'), NOW + LIMITS.personHere.window + 1))
})

test('however many addresses: strangers get so many tries at one person, and then wait with the right password, too', (t) => {
  const throttle = own()
  const address = (index: number) => `198.51.100.${index}`
  t.is(
    passed(throttle, 200, (index) => stranger('ada', address(index))),
    LIMITS.person.most,
  )
  t.is(waitOf(throttle, stranger('ada', '203.0.113.9'), NOW + 1), LIMITS.person.window - 1)
  t.true(passes(throttle, stranger('bob', '203.0.113.9'), NOW + 1))
})

test('a browser that knows the person never waits for what strangers do, and they wait not for what it does', (t) => {
  const throttle = own()
  passed(throttle, 5_000, (index) => stranger('ada', `198.51.${index >> 8}.${index & 255}`))
  passed(throttle, 5_000, (index) => stranger(`p${index}`, `203.0.${index >> 8}.${index & 255}`))
  t.true(waitOf(throttle, stranger('eve', '203.0.113.1'), NOW) > 0, 'all strangers wait')
  const known = { ...stranger('ada'), device: 'her-browser' }
  for (let i = 0; i < 5; i++) t.true(passes(throttle, known, NOW + i))
  const other = own()
  t.is(
    passed(other, 5, () => known),
    5,
  )
  t.is(
    passed(other, 5, () => stranger('ada', '192.0.2.9')),
    5,
  )
})

test('a browser that fails five times is a stranger for that person until its time is over, and only for them', (t) => {
  const throttle = own()
  const known = { ...stranger('ada'), device: 'her-browser' }
  const tries = Array.from({ length: 20 }, (_, i) => throttle.begin(known, NOW + i))
  const counted = tries.map((one) => ('wait' in one ? 'waits' : one.attempt.known ? 'known' : 'stranger'))
  t.deepEqual(counted.slice(0, 12), [
    ...Array<string>(5).fill('known'),
    ...Array<string>(5).fill('stranger'),
    ...Array<string>(2).fill('waits'),
  ])
  t.true(passes(throttle, { ...stranger('bob'), device: 'her-browser' }, NOW + 30))
  t.true(passes(throttle, { ...stranger('ada'), device: 'her-other-browser' }, NOW + 30))
  const later = throttle.begin(known, NOW + LIMITS.device.window + 1)
  t.true('attempt' in later && later.attempt.known)
})

test('who is counted by a session alone never counts as a stranger', (t) => {
  const throttle = own()
  t.is(
    passed(throttle, 50, () => ({ login: 'ada', device: 'session s1' })),
    LIMITS.device.most,
  )
  t.is(
    passed(throttle, 5, () => stranger('ada')),
    5,
  )
})

test('many browsers that know one person: together they never come near slapd’s own lock', (t) => {
  const throttle = own()
  const tries = (from: number) => (index: number) => ({
    ...stranger('ada', `198.51.100.${index % 250}`),
    device: `collected-${from + (index % 100)}`,
  })
  const most = passed(throttle, 1_000, tries(0))
  t.is(most, LIMITS.devices.most + LIMITS.person.most)
  // Two replicas, and the third of a rollout, that hear nothing of each other.
  t.true(3 * most < SLAPD_LOCK.failures)
  t.true(SLAPD_LOCK.within * 1_000 <= Math.min(LIMITS.devices.window, LIMITS.person.window))
})

test('one address that tries everybody waits, and so do all of them together', (t) => {
  t.is(
    passed(own(), 500, (index) => stranger(`p${index}`)),
    LIMITS.address.most,
  )
  const many = (index: number) => stranger(`p${index}`, `198.51.100.${index % 100}`)
  t.is(passed(own(), 2_000, many), LIMITS.all.most)
})

test('a success forgets what that person failed from there; a directory that is away counts for nothing', (t) => {
  const throttle = own()
  for (let i = 0; i < 50; i++) {
    const begun = throttle.begin(stranger('ada'), NOW + i)
    if (!('attempt' in begun)) return t.fail(`refused at ${i}`)
    if (i % 4 === 3) begun.attempt.succeeded()
    else if (i % 4 === 1) begun.attempt.undecided()
  }
  return t.pass()
})

test('a login is one whatever its case and the blanks around it', (t) => {
  const throttle = own()
  for (const login of ['ada', 'ADA', ' ada', 'Ada ', 'aDa']) t.true(passes(throttle, stranger(login), NOW))
  t.false(passes(throttle, stranger('ada'), NOW))
})

test('within any window no more tries pass than the limits say, whatever the times', (t) => {
  const { most, window } = LIMITS.personHere
  fc.assert(
    fc.property(fc.array(fc.nat(window * 3), { maxLength: 300 }), (times) => {
      const throttle = own()
      const through = times
        .sort((a, b) => a - b)
        .filter((at) => passes(throttle, stranger('ada', '::1'), NOW + at))
      return through.every(
        (at) => through.filter((other) => other >= at && other < at + window).length <= most,
      )
    }),
  )
  t.pass()
})

test('a wait that is told is as long as it is: a moment before its end nobody passes, at its end somebody does', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(20 * MINUTE), { minLength: 30, maxLength: 80 }), (times) => {
      const throttle = own()
      const all = times.sort((a, b) => a - b)
      for (const [index, at] of all.entries()) passes(throttle, stranger('ada', `192.0.2.${index}`), NOW + at)
      const now = NOW + (all.at(-1) ?? 0)
      const wait = waitOf(throttle, stranger('ada', '198.51.100.1'), now)
      if (wait === 0) return true
      return (
        waitOf(throttle, stranger('ada', '198.51.100.1'), now + wait - 1) > 0 &&
        passes(throttle, stranger('ada', '198.51.100.1'), now + wait)
      )
    }),
  )
  t.pass()
})

test('replicas count together once they heard each other; before that each lets through its own limit', (t) => {
  const [one, two] = [own(), own()]
  const caller = (index: number) => stranger('ada', `198.51.100.${index}`)
  t.is(passed(one, 12, caller), 12)
  hears(two, [one])
  t.is(
    passed(two, 100, (index) => caller(100 + index)),
    LIMITS.person.most - 12,
  )
  hears(one, [two])
  t.is(
    passed(one, 100, (index) => caller(50 + index)),
    0,
  )
  // Both at the same moment: twice, and no more.
  const pair = [own(), own()]
  const through = pair.map((each) => passed(each, 100, caller))
  t.deepEqual(through, [LIMITS.person.most, LIMITS.person.most])
  for (const each of pair)
    hears(
      each,
      pair.filter((other) => other !== each),
    )
  t.deepEqual(
    pair.map((each) => passed(each, 100, caller)),
    [0, 0],
  )
})

test('what is shared names nobody and fits a ConfigMap, however much is tried', (t) => {
  const throttle = own()
  for (let minute = 0; minute < 16; minute++) {
    passed(throttle, 3_000, (i) => stranger(`p${i}`, `198.51.${minute}.${i % 250}`), NOW + minute * MINUTE)
    passed(throttle, 3_000, (i) => ({ login: `q${i}`, device: `d${i}` }), NOW + minute * MINUTE)
  }
  const said = throttle.said(NOW + 16 * MINUTE)
  // Two replicas, a third in a rollout, and two that are gone, are below 1 MiB.
  t.true(said.length < 200_000, `${said.length}`)
  t.true(failuresIn(said).filter(({ known }) => !known).length >= LIMITS.all.most * 2)
  const secret = own()
  passes(secret, stranger('my secret password', '192.0.2.77'), NOW)
  t.notRegex(secret.said(NOW), /secret|192/)
  t.is(throttle.said(NOW + 17 * MINUTE + longest()), '')
})

test('lines that no replica wrote are passed over; a failure of the far future counts for nobody', (t) => {
  const throttle = own()
  const [line = ''] = (() => {
    const other = own()
    passes(other, stranger('ada'), NOW)
    return other.said(NOW).split('\n')
  })()
  t.is(failuresIn(`${line}\n\nnonsense\n${line} more\n__proto__`).length, 1)
  const [failure] = failuresIn(line)
  if (!failure) return t.fail()
  throttle.hear(Array.from({ length: 100 }, () => ({ ...failure, at: NOW + 60 * MINUTE })))
  t.true(passes(throttle, stranger('ada'), NOW))
  throttle.hear(Array.from({ length: 100 }, () => failure))
  return t.false(passes(throttle, stranger('ada'), NOW))
})

test('a replica writes its own lines when they changed, and takes away those of replicas that are gone', (t) => {
  const old = own()
  passes(old, stranger('ada'), NOW)
  const lines = old.said(NOW)
  t.is(decideLines({}, 'me', '', NOW), undefined)
  t.is(decideLines({ me: lines }, 'me', lines, NOW), undefined)
  t.deepEqual(decideLines({}, 'me', lines, NOW), { me: lines })
  t.deepEqual(decideLines({ me: lines }, 'me', '', NOW), { me: null })
  t.is(decideLines({ gone: lines }, 'me', '', NOW + longest()), undefined)
  t.deepEqual(decideLines({ gone: lines }, 'me', '', NOW + longest() + 1), { gone: null })
  t.deepEqual(decideLines({ gone: 'nonsense' }, 'me', '', NOW), { gone: null })
})

test('another key makes other tags; without one a replica counts by its own', (t) => {
  const other = newTagger(
    () => [{ id: keyName(DEVICE_KEYS, NOW - 1), bytes: new Uint8Array(randomBytes(32)), made: NOW - 1 }],
    () => NOW,
  )
  t.not(tag('x'), other('x'))
  t.is(tag('x'), tag('x'))
  t.regex(tag('x'), /^[\w-]{16}$/)
  const none = newTagger(
    () => [],
    () => NOW,
  )
  t.is(none('x'), none('x'))
})

test('an IPv6 address counts as its network', (t) => {
  t.is(network('2001:db8:1:2:3:4:5:6'), network('2001:db8:1:2::9'))
  t.not(network('2001:db8:1:2::9'), network('2001:db8:1:3::9'))
  t.is(network('::ffff:10.0.0.1'), '10.0.0.1')
})
