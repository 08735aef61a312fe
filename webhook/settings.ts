import { z } from 'zod'
import { WEBHOOK } from '../config/names.ts'
import { HARD_STOP } from '../service/program.ts'
import {
  type Environment,
  type Listen,
  listen,
  type Read,
  readSettings as read,
  SERVICE,
  seconds,
} from '../service/settings.ts'

/** What the environment decides. */
export interface Settings {
  readonly listen: Listen
  readonly metricsListen: Listen
  /** How long to go on answering after SIGTERM, in ms. */
  readonly drain: number
  /** How long after the directory was last read whole pods are still let in, in ms. */
  readonly maxStale: number
  /** Who alone may ask, and the file with the authority that signs for them (PEM); undefined: anybody. */
  readonly callers: { readonly commonName: string; readonly authorityFile: string } | undefined
}

/** Where every pod with a token finds the cluster's own authority. */
const CLUSTER_AUTHORITY = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt'

const Variables = z
  .object({
    DESKFLEET_LISTEN: listen.prefault(`0.0.0.0:${WEBHOOK.port}`),
    ...SERVICE,
    DESKFLEET_DRAIN_SECONDS: seconds(0, HARD_STOP / 1_000).prefault(8),
    DESKFLEET_MAX_STALE_SECONDS: seconds(60).prefault(12 * 3_600),
    DESKFLEET_CALLER: z.string().min(1, 'is empty; leave it out to serve everybody').optional(),
    DESKFLEET_CALLER_AUTHORITY_FILE: z.string().default(CLUSTER_AUTHORITY),
  })
  .transform(
    (env): Settings => ({
      listen: env.DESKFLEET_LISTEN,
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      drain: env.DESKFLEET_DRAIN_SECONDS,
      maxStale: env.DESKFLEET_MAX_STALE_SECONDS,
      callers:
        env.DESKFLEET_CALLER === undefined
          ? undefined
          : { commonName: env.DESKFLEET_CALLER, authorityFile: env.DESKFLEET_CALLER_AUTHORITY_FILE },
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
