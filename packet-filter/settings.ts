import { isIP } from 'node:net'
import { z } from 'zod'
import {
  type Environment,
  given,
  type Listen,
  names,
  networkList,
  type Read,
  readSettings as read,
  SERVICE,
} from '../service/settings.ts'
import type { Allowed } from './ruleset.ts'

/** What the environment decides. */
export interface Settings {
  readonly metricsListen: Listen
  /** This PC, by its node's name. */
  readonly node: string
  readonly allowed: Omit<Allowed, 'resolvers'>
}

const Variables = z
  .object({
    ...SERVICE,
    NODE_NAME: given,
    DESKFLEET_NEVER: given.pipe(networkList),
    DESKFLEET_OUTSIDE: networkList.prefault(''),
    DESKFLEET_DOOR: names
      .refine((all) => all.every((one) => isIP(one) === 4), 'is no IPv4 address')
      .prefault(''),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      node: env.NODE_NAME,
      allowed: {
        never: env.DESKFLEET_NEVER,
        outside: env.DESKFLEET_OUTSIDE,
        doors: env.DESKFLEET_DOOR,
      },
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
