import { z } from 'zod'
import { isRecipient } from '../../config/copies.ts'
import {
  type Environment,
  given,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
} from '../../service/settings.ts'
import { LDAP_VARIABLES, type MountedDirectory, mountedDirectory } from '../mounted.ts'
import type { Schedule } from './decide.ts'

export interface Settings {
  readonly metricsListen: Listen
  /** The directory, as an account that reads everything. */
  readonly ldap: MountedDirectory
  /** The folder of the copies. */
  readonly folder: string
  readonly schedule: Schedule
  /** Public keys. */
  readonly recipients: readonly string[]
}

const Variables = z
  .object({
    ...SERVICE,
    ...LDAP_VARIABLES,
    DESKFLEET_COPIES: given,
    DESKFLEET_COPIES_HOUR: z.coerce
      .number('is no hour')
      .int('is no hour')
      .min(0, 'is no hour')
      .max(23, 'is no hour'),
    DESKFLEET_COPIES_TIME_ZONE: given,
    DESKFLEET_COPIES_RECIPIENTS: given
      .transform((text) => text.split(' ').filter(Boolean))
      .refine((all) => all.length > 0 && all.every(isRecipient), 'names no public keys of age'),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      ldap: mountedDirectory(env),
      folder: env.DESKFLEET_COPIES,
      schedule: { hour: env.DESKFLEET_COPIES_HOUR, timeZone: env.DESKFLEET_COPIES_TIME_ZONE },
      recipients: env.DESKFLEET_COPIES_RECIPIENTS,
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
