import test from 'ava'
import { ADDRESS_IN_NETWORK, lies, NETWORK, networkOf } from '../../config/ipv4.ts'

test('the network of an address', (t) => {
  t.is(networkOf('192.0.2.10/24'), '192.0.2.0/24')
  t.is(networkOf('10.90.255.1/9'), '10.0.0.0/9')
  t.is(networkOf('223.255.255.254/30'), '223.255.255.252/30')
  t.is(networkOf('192.0.2.7/32'), '192.0.2.7/32')
})

test('what lies in what', (t) => {
  t.true(lies('192.0.2.0/24', '192.0.2.0/24'))
  t.true(lies('192.0.2.128/25', '192.0.2.0/24'))
  t.true(lies('10.1.2.3/32', '0.0.0.0/0'))
  t.false(lies('192.0.2.0/24', '192.0.2.0/25'))
  t.false(lies('0.0.0.0/0', '10.0.0.0/8'))
  t.false(lies('11.0.0.0/8', '10.0.0.0/8'))
})

test('what is no network', (t) => {
  for (const wrong of [
    '192.0.2.0',
    '192.0.2.0/33',
    '256.0.0.0/8',
    '1.2.3/8',
    '1.2.3.4./8',
    'a/8',
    '1.2.3.4/08',
    '01.2.3.4/8',
  ])
    t.false(NETWORK.test(wrong), wrong)
  for (const right of ['0.0.0.0/0', '255.255.255.255/32', '10.0.0.0/8']) t.true(NETWORK.test(right), right)
  for (const wrong of ['192.0.2.10/32', '192.0.2.10/7', '192.0.2.10'])
    t.false(ADDRESS_IN_NETWORK.test(wrong), wrong)
})
