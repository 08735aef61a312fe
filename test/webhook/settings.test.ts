import test from 'ava'
import { readSettings } from '../../webhook/settings.ts'

test('an empty environment is the one of the cluster', (t) => {
  t.deepEqual(readSettings({}), {
    settings: {
      listen: { host: '0.0.0.0', port: 8443 },
      metricsListen: { host: '0.0.0.0', port: 9090 },
      drain: 8_000,
      names: ['webhook.deskfleet-system.svc', 'webhook.deskfleet-system.svc.cluster.local'],
    },
  })
})

test('addresses, seconds and further names are read', (t) => {
  const read = readSettings({
    DESKFLEET_LISTEN: '127.0.0.1:0',
    DESKFLEET_METRICS_LISTEN: '[::1]:9',
    DESKFLEET_DRAIN_SECONDS: '0.5',
    DESKFLEET_EXTRA_NAMES: '127.0.0.1, webhook.room ,',
  })
  if ('faults' in read) return t.fail(read.faults.join())
  t.deepEqual(read.settings.listen, { host: '127.0.0.1', port: 0 })
  t.deepEqual(read.settings.metricsListen, { host: '::1', port: 9 })
  t.is(read.settings.drain, 500)
  t.deepEqual(read.settings.names.slice(2), ['127.0.0.1', 'webhook.room'])
})

test('every fault is told, with the variable', (t) => {
  const read = readSettings({
    DESKFLEET_LISTEN: 'localhost:8443',
    DESKFLEET_METRICS_LISTEN: '0.0.0.0:70000',
    DESKFLEET_DRAIN_SECONDS: 'soon',
    DESKFLEET_EXTRA_NAMES: 'a b',
  })
  if (!('faults' in read)) return t.fail('was read')
  const names = [
    'DESKFLEET_LISTEN',
    'DESKFLEET_METRICS_LISTEN',
    'DESKFLEET_DRAIN_SECONDS',
    'DESKFLEET_EXTRA_NAMES',
  ]
  t.deepEqual(
    read.faults.map((fault) => fault.split(' ')[0]),
    names,
  )
})
