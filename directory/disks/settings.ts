import { z } from 'zod'
import {
  type Environment,
  given,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
  seconds,
} from '../../service/settings.ts'
import type { Rules } from './decide.ts'

export interface Settings {
  readonly metricsListen: Listen
  readonly rules: Rules
}

const Variables = z
  .object({
    ...SERVICE,
    DESKFLEET_LDAP_REPLICAS: given.transform(Number).pipe(z.union([z.literal(1), z.literal(3)])),
    DESKFLEET_LDAP_MOVE_AFTER_SECONDS: seconds(10),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      rules: { servers: env.DESKFLEET_LDAP_REPLICAS, moveAfter: env.DESKFLEET_LDAP_MOVE_AFTER_SECONDS },
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
