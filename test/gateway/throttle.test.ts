import test from 'ava'
import fc from 'fast-check'
import { LIMITS, network, newThrottle } from '../../gateway/login/throttle.ts'

const NOW = 1_000_000

test('five failures of one person from one address, then both wait; another address does not', (t) => {
  const throttle = newThrottle()
  for (let i = 0; i < 5; i++) t.true('attempt' in throttle.begin('ada', '10.0.0.1', NOW + i))
  const sixth = throttle.begin('ada', '10.0.0.1', NOW + 10)
  t.true('wait' in sixth && sixth.wait > 0 && sixth.wait <= LIMITS.window)
  t.true('attempt' in throttle.begin('bob', '10.0.0.1', NOW + 10))
  t.true('attempt' in throttle.begin('ada', '10.0.0.2', NOW + 10))
  t.true('attempt' in throttle.begin('ada', '10.0.0.1', NOW + LIMITS.window + 1))
})

test('many at once gain nothing: each counts before its answer is known', (t) => {
  const throttle = newThrottle()
  const begun = Array.from({ length: 100 }, () => throttle.begin('ada', '10.0.0.1', NOW))
  t.is(begun.filter((one) => 'attempt' in one).length, LIMITS.perPerson)
})

test('one address that tries everybody waits, too', (t) => {
  const throttle = newThrottle()
  const begun = Array.from({ length: 200 }, (_, i) => throttle.begin(`p${i}`, '10.0.0.1', NOW + i))
  t.is(begun.filter((one) => 'attempt' in one).length, LIMITS.perAddress)
})

test('a success forgets the person’s failures; a directory that is away counts for nothing', (t) => {
  const throttle = newThrottle()
  for (let i = 0; i < 50; i++) {
    const begun = throttle.begin('ada', '10.0.0.1', NOW + i)
    if (!('attempt' in begun)) return t.fail(`refused at ${i}`)
    if (i % 4 === 3) begun.attempt.succeeded()
    else if (i % 4 === 1) begun.attempt.undecided()
  }
  return t.pass()
})

test('a login is one whatever its case and the blanks around it', (t) => {
  const throttle = newThrottle()
  for (const login of ['ada', 'ADA', ' ada', 'Ada ', 'aDa']) throttle.begin(login, '10.0.0.1', NOW)
  t.true('wait' in throttle.begin('ada', '10.0.0.1', NOW))
})

test('within any window no more tries pass than the limits say, whatever the times', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(LIMITS.window * 3), { maxLength: 300 }), (times) => {
      const throttle = newThrottle()
      const passed = times.sort((a, b) => a - b).filter((at) => 'attempt' in throttle.begin('ada', '::1', at))
      return passed.every(
        (at) =>
          passed.filter((other) => other >= at && other < at + LIMITS.window).length <= LIMITS.perPerson,
      )
    }),
  )
  t.pass()
})

test('an IPv6 address counts as its network', (t) => {
  t.is(network('2001:db8:1:2:3:4:5:6'), network('2001:db8:1:2::9'))
  t.not(network('2001:db8:1:2::9'), network('2001:db8:1:3::9'))
  t.is(network('::ffff:10.0.0.1'), '10.0.0.1')
})
