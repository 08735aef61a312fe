import { posix } from 'node:path'
import type { Belongings } from '../desktop/belongings.ts'
import { HOME_POD_VOLUME, IDENTITY_POD_VOLUME, SHARED_POD_VOLUME } from '../desktop/belongings.ts'
import { type Conflict, type Judged, shown, when } from './conflict.ts'
import type { Mount } from './pod.ts'
import { same } from './sameness.ts'

const OURS = new Set([HOME_POD_VOLUME, SHARED_POD_VOLUME, IDENTITY_POD_VOLUME])
const FOLDERS = new Set([HOME_POD_VOLUME, SHARED_POD_VOLUME])

/**
 * Nothing but ours at, above or below our places; ours nowhere else; and no part of a home in place of the
 * whole. Paths are plain ones, so that what is judged is what is mounted.
 */
export function mounts({ containers, own }: Judged): Conflict[] {
  return containers.flatMap(({ container, path }) => [
    ...(container.volumeMounts ?? []).flatMap((mount, index) => [
      ...partOfHome(mount, path, index),
      ...misplaced(mount, path, index, own),
    ]),
    ...when((container.volumeDevices ?? []).length > 0, () => ({
      path: `${path}.volumeDevices`,
      fault: 'asks for raw disks',
      mend: 'remove it',
    })),
  ])
}

/** A subPath is resolved by the kubelet as root, and a person can put a link in its way. */
function partOfHome(mount: Mount, path: string, index: number): Conflict[] {
  if (!FOLDERS.has(mount.name)) return []
  return (['subPath', 'subPathExpr'] as const)
    .filter((field) => mount[field])
    .map((field) => ({
      path: `${path}.volumeMounts[${index}].${field}`,
      fault: `is ${shown(mount[field])} on the volume ${shown(mount.name)}`,
      mend: 'remove it; the home and the shared folder are mounted whole',
    }))
}

function misplaced(mount: Mount, path: string, index: number, own: Belongings): Conflict[] {
  const at = posix.resolve('/', mount.mountPath)
  const near = own.mounts.filter((ours) => within(at, ours.mountPath) || within(ours.mountPath, at))
  const place = near[0]
  if (near.some((ours) => same(mount, ours))) return []
  const conflict = (fault: string, mend: string) => () => ({
    path: `${path}.volumeMounts[${index}].mountPath`,
    fault: `is ${shown(mount.mountPath)}, ${fault}`,
    mend,
  })
  if (place) {
    const mend = `mount it elsewhere, or leave it out if it is the volume ${shown(place.name)}; that mount is added for you`
    return when(true, conflict(`in the way of ${place.mountPath}`, mend))
  }
  if (OURS.has(mount.name)) {
    const mend = 'leave this mount out; what you need of the volume is mounted for you'
    return when(true, conflict(`no place for the volume ${shown(mount.name)}`, mend))
  }
  return when(at !== mount.mountPath, conflict('not a plain path', `write ${at}`))
}

/** Without putting texts together: it is asked six times for each mount of each pod. */
const within = (path: string, folder: string): boolean =>
  path.startsWith(folder) && (path.length === folder.length || folder === '/' || path[folder.length] === '/')
