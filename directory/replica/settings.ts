import { z } from 'zod'
import {
  type Environment,
  given,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
} from '../../service/settings.ts'
import { LDAP_VARIABLES, type MountedDirectory, mountedDirectory } from '../mounted.ts'

/** Which server this is, and how it and the others are reached. */
export interface Settings {
  readonly metricsListen: Listen
  /** This server, as the account that its like are read by. */
  readonly ldap: MountedDirectory
  /** Every server, by ordinal, this one too. */
  readonly servers: readonly string[]
  /** slapd's own socket. */
  readonly socket: string
  readonly pod: { readonly name: string; readonly uid: string; readonly address: string }
  readonly ordinal: number
}

const NUMBERED = /-(\d+)$/

const Variables = z
  .object({
    ...SERVICE,
    ...LDAP_VARIABLES,
    DESKFLEET_LDAP_SERVERS: given.transform((text) => text.split(' ').filter(Boolean)),
    DESKFLEET_LDAP_SOCKET: given,
    POD_NAME: given.regex(NUMBERED, 'does not end with the number of the server, as ldap-0'),
    POD_UID: given,
    POD_IP: given,
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      ldap: mountedDirectory(env),
      servers: env.DESKFLEET_LDAP_SERVERS,
      socket: env.DESKFLEET_LDAP_SOCKET,
      pod: { name: env.POD_NAME, uid: env.POD_UID, address: env.POD_IP },
      ordinal: Number(NUMBERED.exec(env.POD_NAME)?.[1]),
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
