import { z } from 'zod'
import { GLUSTER, STORAGE } from '../../../config/names.ts'
import {
  type Environment,
  given,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
} from '../../../service/settings.ts'
import type { Places } from '../pc/facts.ts'

export interface Settings {
  readonly metricsListen: Listen
  /** This PC, by its Node's name. */
  readonly node: string
  readonly places: Places
  /** Where a client of this PC shows the volume. */
  readonly mount: string
  /** Of the room: when it is night. */
  readonly timeZone: string
}

const path = z.string().startsWith('/', 'is not an absolute path')

const Variables = z
  .object({
    ...SERVICE,
    NODE_NAME: given,
    DESKFLEET_BRICK: path.default(GLUSTER.brick),
    DESKFLEET_GLUSTER_STATE: path.default('/var/lib/glusterd'),
    DESKFLEET_GLUSTER_TLS: path.default('/tls'),
    DESKFLEET_STORAGE: path.default(STORAGE.volume),
    DESKFLEET_TIME_ZONE: z.string().min(1).default('UTC'),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      node: env.NODE_NAME,
      places: {
        brick: env.DESKFLEET_BRICK,
        state: env.DESKFLEET_GLUSTER_STATE,
        tls: env.DESKFLEET_GLUSTER_TLS,
      },
      mount: env.DESKFLEET_STORAGE,
      timeZone: env.DESKFLEET_TIME_ZONE,
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
