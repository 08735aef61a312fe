import { join } from 'node:path'
import { GLUSTER, PC_FOLDER, PC_LOGS, STORAGE } from '../../../config/names.ts'

/** Where the parts of the client lie on a PC. The mounter's container sees them at the same paths. */
export interface Places {
  /** The client's files as the image has them, and the file that says which they are. */
  readonly image: string
  readonly imageVersion: string
  /** Its files on the PC, a folder for each version; survives pods and reboots. */
  readonly laid: string
  /** Key and certificate of this PC. */
  readonly tls: string
  /** A folder with `hosts`, by which it finds the PCs. */
  readonly names: string
  readonly logs: string
  /** Where its mounts are, by number. */
  readonly volumes: string
}

export const places = (run: string = STORAGE.run): Places => ({
  image: '/client',
  imageVersion: '/etc/deskfleet/client-version',
  laid: join(PC_FOLDER, 'gluster-client'),
  tls: GLUSTER.tls,
  names: join(run, 'gluster-names'),
  logs: PC_LOGS,
  volumes: join(run, 'volumes'),
})

/** Versions become names of folders. */
export const VERSION_PATTERN = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,62}$/

export const logName = (number: number): string => `gluster-client-${number}.log`
