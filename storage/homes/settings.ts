import { z } from 'zod'
import { COPIES, GLUSTER, STORAGE } from '../../config/names.ts'
import { readServiceData, SERVICE_DATA_PATTERN } from '../../config/service-data.ts'
import {
  type Environment,
  type Listen,
  type Read,
  readSettings as read,
  SERVICE,
  seconds,
} from '../../service/settings.ts'
import type { Folder } from './facts.ts'

export interface Settings {
  readonly metricsListen: Listen
  /** The storage directory, as this container sees it. */
  readonly root: string
  /** Whether that must be a mounted Gluster volume. */
  readonly volume: boolean
  /** The storage that homes are moved away from; undefined where there is none. */
  readonly from: string | undefined
  /** What new homes begin with. */
  readonly skeleton: string
  /** Ms that a removed person's home stays where it is. */
  readonly trashAfter: number
  /** Folders of programs. */
  readonly folders: readonly Folder[]
}

const Variables = z
  .object({
    ...SERVICE,
    DESKFLEET_STORAGE: z.string().startsWith('/', 'is not an absolute path').default(STORAGE.directory),
    DESKFLEET_FROM: z.string().startsWith('/', 'is not an absolute path').optional(),
    DESKFLEET_VOLUME: z.literal(GLUSTER.volume).exactOptional(),
    DESKFLEET_SKELETON: z.string().startsWith('/', 'is not an absolute path').default('/etc/skel'),
    DESKFLEET_TRASH_AFTER_SECONDS: seconds(0).prefault(600),
    DESKFLEET_SERVICE_DATA: z
      .string()
      .regex(SERVICE_DATA_PATTERN, 'is no list of services/NAME/CLAIM=UID')
      .prefault('')
      .transform(readServiceData),
  })
  .transform(
    (env): Settings => ({
      metricsListen: env.DESKFLEET_METRICS_LISTEN,
      root: env.DESKFLEET_STORAGE,
      volume: env.DESKFLEET_VOLUME !== undefined,
      from: env.DESKFLEET_FROM,
      skeleton: env.DESKFLEET_SKELETON,
      trashAfter: env.DESKFLEET_TRASH_AFTER_SECONDS,
      folders: [{ path: COPIES.folder, uid: COPIES.uid }, ...env.DESKFLEET_SERVICE_DATA],
    }),
  )

export const readSettings = (environment: Environment): Read<Settings> => read(Variables, environment)
