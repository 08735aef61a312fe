import { z } from 'zod'
import {
  type Environment,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
} from '../../service/settings.ts'
import { LDAP_VARIABLES, type MountedDirectory, mountedDirectory } from '../mounted.ts'

/** How the sync reaches the directory, and where it is looked at. */
export interface Settings {
  readonly metricsListen: Listen
  readonly ldap: MountedDirectory
}

const Variables = z
  .object({ ...SERVICE, ...LDAP_VARIABLES })
  .transform(
    (env): Settings => ({ metricsListen: env.DESKFLEET_METRICS_LISTEN, ldap: mountedDirectory(env) }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
