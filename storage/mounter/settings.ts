import { z } from 'zod'
import { GLUSTER, STORAGE } from '../../config/names.ts'
import {
  type Environment,
  given,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
} from '../../service/settings.ts'

export interface Settings {
  readonly metricsListen: Listen
  /** This PC, by its node's name. */
  readonly node: string
  /** Where this PC shows its homes. */
  readonly run: string
  /** What it takes them from. */
  readonly storage: string
  /** The storage that homes are moved away from; undefined where there is none. */
  readonly from: string | undefined
  /** Whether homes lie on a Gluster volume that this PC mounts itself, and not in that directory. */
  readonly volume: boolean
}

const Variables = z
  .object({
    ...SERVICE,
    NODE_NAME: given,
    DESKFLEET_RUN: z.string().startsWith('/', 'is not an absolute path').default(STORAGE.run),
    DESKFLEET_STORAGE: z.string().startsWith('/', 'is not an absolute path').default(STORAGE.directory),
    DESKFLEET_FROM: z.string().startsWith('/', 'is not an absolute path').optional(),
    DESKFLEET_VOLUME: z.literal(GLUSTER.volume).exactOptional(),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      node: env.NODE_NAME,
      run: env.DESKFLEET_RUN,
      storage: env.DESKFLEET_STORAGE,
      from: env.DESKFLEET_FROM,
      volume: env.DESKFLEET_VOLUME !== undefined,
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
