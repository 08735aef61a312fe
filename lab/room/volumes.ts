import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** Where every PC of the room sees one and the same directory, as an NFS mount would be on a real site. */
export const SHARED_DIRECTORY = '/srv/deskfleet'

const NAMES = Array.from({ length: 8 }, (_, index) => `room-volume-${index + 1}`)

/** Where homes and the shared folder are, for `storage.kind: path`: empty until `storage/homes` begins. */
export const STORAGE_DIRECTORY = `${SHARED_DIRECTORY}/storage`

/** The class and the one volume of it that all PCs may write at once, for `storage.kind: existing`. */
export const SHARED_CLASS = 'shared'

/** Makes the directory below the machine's `/share`, with a folder for each volume and two for homes. */
export function makeSharedDirectory(share: string): void {
  for (const name of ['storage', SHARED_CLASS]) mkdirSync(join(share, 'srv', name), { recursive: true })
  for (const name of NAMES) {
    const folder = join(share, 'srv', 'volumes', name)
    mkdirSync(folder, { recursive: true })
    // Whoever gets the volume runs as a number that nobody knows yet, and fsGroup does nothing for such a folder.
    chmodSync(folder, 0o1777)
  }
}

/**
 * The StorageClasses and their volumes, made beforehand on the shared directory: a pod finds its data again on
 * whatever PC it lands. (kind's own class is a folder of one PC, writable by root alone.)
 */
export const volumesManifest = (): string =>
  [
    storageClass('standard', { 'storageclass.kubernetes.io/is-default-class': 'true' }),
    storageClass(SHARED_CLASS),
    ...NAMES.map((name) => volume(name, 'standard', 'ReadWriteOnce', `volumes/${name}`)),
    volume(`room-${SHARED_CLASS}`, SHARED_CLASS, 'ReadWriteMany', SHARED_CLASS),
  ]
    .map((object) => stringify(object))
    .join('---\n')

const storageClass = (name: string, annotations: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations },
  provisioner: 'kubernetes.io/no-provisioner',
  reclaimPolicy: 'Retain',
})

const volume = (name: string, storageClassName: string, mode: string, folder: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    accessModes: [mode],
    capacity: { storage: '10Gi' },
    hostPath: { path: `${SHARED_DIRECTORY}/${folder}`, type: 'Directory' },
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName,
  },
})
