import { z } from 'zod'
import { STORAGE } from '../../config/names.ts'
import {
  type Environment,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
  seconds,
} from '../../service/settings.ts'
import type { Side } from '../places/facts.ts'

export interface Settings {
  readonly metricsListen: Listen
  /** Both storages, as this container sees them. */
  readonly roots: Readonly<Record<Side, string>>
  /** Ms between two looks; undefined: as often as is usual. */
  readonly rhythm: number | undefined
}

const directory = z.string().startsWith('/', 'is not an absolute path')

const Variables = z
  .object({
    ...SERVICE,
    DESKFLEET_STORAGE: directory.default(STORAGE.directory),
    DESKFLEET_FROM: directory.default(STORAGE.from),
    DESKFLEET_LOOK_SECONDS: seconds(0).optional(),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      roots: { from: env.DESKFLEET_FROM, here: env.DESKFLEET_STORAGE },
      rhythm: env.DESKFLEET_LOOK_SECONDS,
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
