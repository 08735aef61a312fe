/**
 * `storage/trash/`: What `npx deskfleet homes` runs in a pod of the home-mounter: lists the trash, and gives homes back.
 */

import { STORAGE } from '../../config/names.ts'
import { listTrash, restore } from './restore.ts'

/** Where the mounter that this runs beside sees storage. */
const directory = process.env.DESKFLEET_VOLUME === undefined ? STORAGE.directory : STORAGE.volume

const [what, entry = '', uid = '', gid = '', entryUUID = ''] = process.argv.slice(2)
try {
  if (what === 'list') for (const name of await listTrash(directory)) console.log(name)
  else if (what === 'restore') {
    console.log(await restore(directory, entry, { uid: Number(uid), gid: Number(gid), entryUUID }))
  } else throw new Error('list, or restore ENTRY UID GID ENTRYUUID')
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
