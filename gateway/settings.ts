import type { BlockList } from 'node:net'
import { z } from 'zod'
import { GATEWAY } from '../config/names.ts'
import { LDAP_VARIABLES, type MountedDirectory, mountedDirectory } from '../directory/mounted.ts'
import { HARD_STOP } from '../service/program.ts'
import {
  type Environment,
  given,
  type Listen,
  listen,
  names,
  networks,
  type Read,
  readSettings as read,
  SERVICE,
  seconds,
} from '../service/settings.ts'
import { CONNECTIONS } from './listen/limits.ts'

/** What the environment decides. Times in ms. */
export interface Settings {
  readonly listen: Listen
  readonly metricsListen: Listen
  /** Where the ingress asks who may come in; undefined where the room has no such services. */
  readonly entranceListen: Listen | undefined
  /** The names that browsers may call us by. The first is the room's own. */
  readonly hosts: readonly string[]
  readonly ldap: MountedDirectory
  /** JSON of the templates and limits (offer.ts). */
  readonly offerFile: string
  /** Whose PROXY headers are believed. */
  readonly believed: BlockList
  readonly startingAtOnce: number
  readonly askEvery: number
  /** How long open answers and screens may take to leave after SIGTERM. */
  readonly drain: number
  /** Connections of everybody at this replica. */
  readonly connections: number
  /** Connections of one address that carry nobody who is logged in. */
  readonly connectionsPerAddress: number
  /** Bytes of one file that is sent to a desktop. */
  readonly longestUpload: number
  /** How long after the directory was last read whole admission lets pods in: told to administrators. */
  readonly maxStale: number
}

const MIB = 1024 * 1024

const Variables = z
  .object({
    DESKFLEET_LISTEN: listen.prefault(`0.0.0.0:${GATEWAY.port}`),
    ...SERVICE,
    DESKFLEET_ENTRANCE_LISTEN: listen.optional(),
    DESKFLEET_HOSTS: given.pipe(names).refine((all) => all.length > 0, 'names no host'),
    ...LDAP_VARIABLES,
    DESKFLEET_OFFER_FILE: given,
    DESKFLEET_PROXY_FROM: networks.prefault(''),
    DESKFLEET_STARTING_AT_ONCE: z.coerce.number().int().min(1).max(1000).prefault(8),
    DESKFLEET_ASK_SECONDS: seconds(1, 60).prefault(15),
    DESKFLEET_DRAIN_SECONDS: seconds(0, HARD_STOP / 1_000).prefault(8),
    DESKFLEET_CONNECTIONS: z.coerce.number().int().min(10).prefault(CONNECTIONS.most),
    DESKFLEET_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().min(6).prefault(CONNECTIONS.perAddress),
    DESKFLEET_MAX_STALE_SECONDS: seconds(60).prefault(12 * 3_600),
    DESKFLEET_LONGEST_UPLOAD_MIB: z.coerce.number().min(1).prefault(4096),
  })
  .transform(
    (env): Settings => ({
      listen: env.DESKFLEET_LISTEN,
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      entranceListen: env.DESKFLEET_ENTRANCE_LISTEN,
      hosts: env.DESKFLEET_HOSTS,
      ldap: mountedDirectory(env),
      offerFile: env.DESKFLEET_OFFER_FILE,
      believed: env.DESKFLEET_PROXY_FROM,
      startingAtOnce: env.DESKFLEET_STARTING_AT_ONCE,
      askEvery: env.DESKFLEET_ASK_SECONDS,
      drain: env.DESKFLEET_DRAIN_SECONDS,
      connections: env.DESKFLEET_CONNECTIONS,
      connectionsPerAddress: env.DESKFLEET_CONNECTIONS_PER_ADDRESS,
      maxStale: env.DESKFLEET_MAX_STALE_SECONDS,
      longestUpload: env.DESKFLEET_LONGEST_UPLOAD_MIB * MIB,
    }),
  )

/** Reads the environment, or says everything that is wrong in it. */
export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
