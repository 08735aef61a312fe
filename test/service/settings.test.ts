import test from 'ava'
import { z } from 'zod'
import { given, listen, names, networks, readSettings, SERVICE, seconds } from '../../service/settings.ts'

const Variables = z.object({
  ...SERVICE,
  AT: listen.prefault('[::1]:0'),
  NAMES: names.prefault(''),
  FROM: networks.prefault(''),
  MUST: given,
  WAIT: seconds(1, 60).prefault(15),
})

test('what is not given has its default, and other variables are passed over', (t) => {
  const read = readSettings(Variables, { MUST: 'x', PATH: '/bin', NAMES: ' a.example, ::1 ,', WAIT: '2.5' })
  if ('faults' in read) return t.fail(read.faults.join())
  const { AT, NAMES, WAIT, DESKFLEET_LOG_LEVEL, DESKFLEET_METRICS_LISTEN } = read.settings
  t.deepEqual(AT, { host: '::1', port: 0 })
  t.deepEqual(NAMES, ['a.example', '::1'])
  t.is(WAIT, 2_500)
  t.is(DESKFLEET_LOG_LEVEL, 'info')
  t.deepEqual(DESKFLEET_METRICS_LISTEN, { host: '0.0.0.0', port: 9090 })
})

test('all faults are told at once, each beginning with its variable and saying what would be right', (t) => {
  const read = readSettings(Variables, {
    AT: 'localhost:1',
    NAMES: 'a b',
    FROM: '10.0.0.0/99',
    WAIT: '99',
    DESKFLEET_LOG_LEVEL: 'loud',
  })
  t.deepEqual('faults' in read && read.faults.toSorted(), [
    'AT is not an address and a port, as 0.0.0.0:8443',
    'DESKFLEET_LOG_LEVEL is not one of fatal, error, warn, info, debug, trace, silent',
    'FROM names "10.0.0.0/99", which is no network such as 10.0.0.0/8',
    'MUST is missing; the pod has to set it',
    'NAMES names "a b", neither a DNS name nor an IP address',
    'WAIT is more than 60 seconds',
  ])
})

test('a network holds its addresses and no others', (t) => {
  const read = readSettings(z.object({ FROM: networks }), { FROM: '10.1.0.0/16, 192.0.2.7' })
  if ('faults' in read) return t.fail(read.faults.join())
  const { FROM } = read.settings
  t.deepEqual(
    ['10.1.2.3', '10.2.0.1', '192.0.2.7', '192.0.2.8'].map((address) => FROM.check(address)),
    [true, false, true, false],
  )
})
