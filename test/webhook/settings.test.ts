import test from 'ava'
import { readSettings } from '../../webhook/settings.ts'

test('an empty environment is the one of the cluster', (t) => {
  t.deepEqual(readSettings({}), {
    settings: {
      listen: { host: '0.0.0.0', port: 8443 },
      metricsListen: { host: '0.0.0.0', port: 9090 },
      drain: 8_000,
      maxStale: 43_200_000,
      callers: undefined,
    },
  })
})

test('addresses and seconds are read', (t) => {
  const read = readSettings({
    DESKFLEET_LISTEN: '127.0.0.1:0',
    DESKFLEET_METRICS_LISTEN: '[::1]:9',
    DESKFLEET_DRAIN_SECONDS: '0.5',
  })
  if ('faults' in read) return t.fail(read.faults.join())
  t.deepEqual(read.settings.listen, { host: '127.0.0.1', port: 0 })
  t.deepEqual(read.settings.metricsListen, { host: '::1', port: 9 })
  t.is(read.settings.drain, 500)
})

test('every fault is told, with the variable', (t) => {
  const read = readSettings({
    DESKFLEET_LISTEN: 'localhost:8443',
    DESKFLEET_METRICS_LISTEN: '0.0.0.0:70000',
    DESKFLEET_DRAIN_SECONDS: 'soon',
  })
  if (!('faults' in read)) return t.fail('was read')
  const names = ['DESKFLEET_LISTEN', 'DESKFLEET_METRICS_LISTEN', 'DESKFLEET_DRAIN_SECONDS']
  t.deepEqual(
    read.faults.map((fault) => fault.split(' ')[0]),
    names,
  )
})
