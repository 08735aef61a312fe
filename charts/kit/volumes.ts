import type { V1PersistentVolumeClaim, V1Volume } from '@kubernetes/client-node'

/** A volume with where a container sees it. Containers of one pod that name the same volume share it. */
export type Volume = Mount & (Omit<V1Volume, 'name'> | Kept)

interface Mount {
  readonly name: string
  readonly mountPath: string
  /** @default false */
  readonly writable?: boolean
  /** Whether mounts made later on the PC are seen in the container, or also the other way. @default neither */
  readonly propagation?: 'HostToContainer' | 'Bidirectional'
}

/** A disk of its own for each pod of a StatefulSet, of at least this size; it outlives the pod. */
interface Kept {
  readonly claim: string
  /** @default that of the cluster */
  readonly storageClass?: string
}

/** The volumes that the pod itself declares, each once. */
export function podVolumes(volumes: readonly Volume[]): V1Volume[] {
  const declared = volumes.flatMap((volume): V1Volume[] => {
    if ('claim' in volume) return []
    const { mountPath: _, writable: __, propagation: ___, ...rest } = volume
    return [rest]
  })
  return [...new Map(declared.map((volume) => [volume.name, volume])).values()]
}

/** The claims from which a StatefulSet makes the disks of its pods. */
export const claimTemplates = (volumes: readonly Volume[]): V1PersistentVolumeClaim[] =>
  volumes.flatMap((volume) =>
    'claim' in volume
      ? {
          metadata: { name: volume.name },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: volume.claim } },
            ...(volume.storageClass === undefined ? {} : { storageClassName: volume.storageClass }),
          },
        }
      : [],
  )
