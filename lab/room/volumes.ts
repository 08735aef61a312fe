import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** Where every PC of the room sees one and the same directory, as an NFS mount would be on a real site. */
export const SHARED_DIRECTORY = '/srv/deskfleet'

const NAMES = Array.from({ length: 8 }, (_, index) => `room-volume-${index + 1}`)

/** Where homes and the shared folder are, for `storage.kind: path`: empty until `storage/homes` begins. */
export const STORAGE_DIRECTORY = `${SHARED_DIRECTORY}/storage`

/** Makes the directory below the machine's `/share`, with a folder for each volume and one for homes. */
export function makeSharedDirectory(share: string): void {
  mkdirSync(join(share, 'srv', 'storage'), { recursive: true })
  for (const name of NAMES) {
    const folder = join(share, 'srv', 'volumes', name)
    mkdirSync(folder, { recursive: true })
    // Whoever gets the volume runs as a number that nobody knows yet, and fsGroup does nothing for such a folder.
    chmodSync(folder, 0o1777)
  }
}

/**
 * The default StorageClass and its volumes, made beforehand on the shared directory: a pod finds its data again on
 * whatever PC it lands. (kind's own class is a folder of one PC, writable by root alone.)
 */
export const volumesManifest = (): string =>
  [storageClass, ...NAMES.map(volume)].map((object) => stringify(object)).join('---\n')

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'kubernetes.io/no-provisioner',
  reclaimPolicy: 'Retain',
}

const volume = (name: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '10Gi' },
    hostPath: { path: `${SHARED_DIRECTORY}/volumes/${name}`, type: 'Directory' },
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: storageClass.metadata.name,
  },
})
