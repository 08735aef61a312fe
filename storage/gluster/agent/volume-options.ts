import { STALL } from '../../../config/stall.ts'
import type { Options } from '../plan/facts.ts'

/** Only a volume that does not run can be given these. */
export const BIRTH: Options = { 'client.ssl': 'on', 'server.ssl': 'on' }

/** Percent of each disk that files of people cannot take: healing must have room. */
export const RESERVE = 3

/** What each volume has at all times. Whatever is not named here stays as Gluster has it. */
export const OPTIONS: Options = {
  'network.ping-timeout': String(STALL.pingTimeout / 1_000),
  // Its agents ask for a heal as soon as a brick is back; this is for whatever they miss.
  'cluster.heal-timeout': '60',
  // A disk that died is noticed within this, in seconds; its process ends half a minute later.
  'storage.health-check-interval': '10',
  'storage.reserve': String(RESERVE),
  // As Gluster has it, and to stay so: what a client remembers not to be there, another one may have made.
  'performance.nl-cache': 'off',
}
