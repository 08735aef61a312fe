import test from 'ava'
import { readSettings } from '../../../certificates/keeper/settings.ts'

test('names of the door are needed, those of the webhook are not', (t) => {
  t.deepEqual(readSettings({ DESKFLEET_DOOR_NAMES: 'desk.example.org,192.0.2.10' }), {
    settings: {
      metricsListen: { host: '0.0.0.0', port: 9090 },
      doorNames: ['desk.example.org', '192.0.2.10'],
      keepsInside: true,
      keepsPool: false,
      serviceNames: [],
      webhookNames: [],
      look: 10_000,
      rotation: { soak: 600_000, settle: 600_000 },
    },
  })
})

test('what is wrong is named', (t) => {
  for (const wrong of ['', 'a b', 'desk..org'])
    t.true('faults' in readSettings({ DESKFLEET_DOOR_NAMES: wrong }), wrong)
  t.true('faults' in readSettings({}))
})
