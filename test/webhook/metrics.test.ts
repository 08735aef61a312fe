import test from 'ava'
import { Registry } from 'prom-client'
import { newMetrics } from '../../webhook/metrics.ts'

test('gauges tell what is known at the time they are asked, and NaN of what is not known yet', async (t) => {
  const registry = new Registry()
  let seen: number | undefined
  newMetrics(registry, {
    identities: () => 7,
    identitiesSeen: () => seen,
    locked: () => 2,
    directoryChecked: () => 1_000,
    certificateEnds: () => seen,
    now: () => 10_000,
  })
  const told = async (name: string) =>
    (await registry.metrics()).split('\n').find((line) => line.startsWith(`deskfleet_webhook_${name} `))
  t.is(await told('identities'), 'deskfleet_webhook_identities 7')
  t.is(await told('identities_age_seconds'), 'deskfleet_webhook_identities_age_seconds Nan')
  t.is(await told('directory_age_seconds'), 'deskfleet_webhook_directory_age_seconds 9')
  t.is(await told('locked_people'), 'deskfleet_webhook_locked_people 2')
  seen = 4_000
  t.is(await told('identities_age_seconds'), 'deskfleet_webhook_identities_age_seconds 6')
  t.is(await told('certificate_not_after_seconds'), 'deskfleet_webhook_certificate_not_after_seconds 4')
})
