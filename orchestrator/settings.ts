import { z } from 'zod'
import { type Environment, given, PROGRAM, type Read, readSettings as read } from '../service/settings.ts'

export interface Settings {
  /** A folder with `ca.crt`, `healthcheck-client.crt` and `healthcheck-client.key` of etcd. */
  readonly etcdKeys: string
  /** A folder with the files that API servers are given beside kubeadm's own. */
  readonly apiFiles: string
  /** Our own image by digest, for node jobs: every PC has it. */
  readonly image: string
  /** Ms for which this run looks, until the next one begins. */
  readonly lookFor: number
}

const SECONDS = z.coerce.number().int().min(1).max(3_600)

const Variables = z
  .object({
    ...PROGRAM,
    DESKFLEET_API_FILES: given,
    DESKFLEET_ETCD_KEYS: given,
    DESKFLEET_IMAGE: given,
    DESKFLEET_LOOK_FOR: SECONDS.default(58),
  })
  .transform(
    (env): Settings => ({
      apiFiles: env.DESKFLEET_API_FILES,
      etcdKeys: env.DESKFLEET_ETCD_KEYS,
      image: env.DESKFLEET_IMAGE,
      lookFor: env.DESKFLEET_LOOK_FOR * 1_000,
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
