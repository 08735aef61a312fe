import { z } from 'zod'
import {
  type Environment,
  given,
  type Listen,
  names,
  type Read,
  readSettings as read,
  SERVICE,
  seconds,
} from '../../service/settings.ts'

/** What the environment decides. */
export interface Settings {
  readonly metricsListen: Listen
  /** What people type to reach the room: host names and IPv4 addresses, the room's host first. */
  readonly doorNames: readonly string[]
  /** Names of the room's services, all below the room's host; none where no service has a route. */
  readonly serviceNames: readonly string[]
  /** Whether the authority inside is ours: where cert-manager vouches inside, only the door's is kept. */
  readonly keepsInside: boolean
  /** Whether PCs are given certificates for a Gluster pool. */
  readonly keepsPool: boolean
  /** Names of the webhook's certificate beside those of its Service. */
  readonly webhookNames: readonly string[]
  /** Ms between looks: whoever removes a Secret to have a new one gets it within seconds. */
  readonly look: number
  /** Ms that a new inner authority is known before it signs, and that the former one is trusted when it is not needed. */
  readonly rotation: { readonly soak: number; readonly settle: number }
}

/**
 * Seconds. The slowest to hear are desktops: the gateway tells them what it hears, and shows them nothing new for
 * three minutes. A mounted file follows its Secret within about a minute and a half.
 */
const SLOWEST = 600

const Variables = z
  .object({
    ...SERVICE,
    DESKFLEET_DOOR_NAMES: given.pipe(names).refine((all) => all.length > 0, 'names no host'),
    DESKFLEET_SERVICE_NAMES: names.prefault(''),
    DESKFLEET_INSIDE: z.enum(['keeper', 'cert-manager']).default('keeper'),
    DESKFLEET_POOL: z.enum(['keeper', 'none']).default('none'),
    DESKFLEET_WEBHOOK_NAMES: names.prefault(''),
    DESKFLEET_LOOK_SECONDS: seconds(0.1).default(10_000),
    DESKFLEET_SOAK_SECONDS: seconds(0).default(SLOWEST * 1_000),
    DESKFLEET_SETTLE_SECONDS: seconds(0).default(SLOWEST * 1_000),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      doorNames: env.DESKFLEET_DOOR_NAMES,
      serviceNames: env.DESKFLEET_SERVICE_NAMES,
      keepsInside: env.DESKFLEET_INSIDE === 'keeper',
      keepsPool: env.DESKFLEET_POOL === 'keeper',
      webhookNames: env.DESKFLEET_WEBHOOK_NAMES,
      look: env.DESKFLEET_LOOK_SECONDS,
      rotation: { soak: env.DESKFLEET_SOAK_SECONDS, settle: env.DESKFLEET_SETTLE_SECONDS },
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
