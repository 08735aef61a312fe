import { desktopName } from '../config/names.ts'
import type { Belongings } from '../desktop/belongings.ts'
import { type Conflict, type Judged, shown } from './conflict.ts'
import type { Volume } from './pod.ts'
import { blank, same } from './sameness.ts'

/** The name that the API server gives to the volume of a mounted service account token. */
const TOKEN_VOLUME = /^kube-api-access-/

/** Of the kinds that fields.ts leaves to be judged: whose claims, Secrets and tokens they bring. */
export function volumes({ pod, own }: Judged): Conflict[] {
  return (pod.spec.volumes ?? []).flatMap((volume, index) => ofVolume(volume, `spec.volumes[${index}]`, own))
}

function ofVolume(volume: Volume, path: string, own: Belongings): Conflict[] {
  const ours = own.volumes.find(({ name }) => name === volume.name)
  if (ours) {
    if (same(volume, ours)) return []
    return [{ path, fault: `is called ${shown(ours.name)} but is another volume`, mend: RENAME }]
  }
  const kinds = Object.keys(volume).filter((key) => key !== 'name' && !blank(volume[key]))
  if (kinds.length === 0) return [{ path, fault: 'has no kind', mend: 'give it one, as emptyDir: {}' }]
  return kinds.flatMap((kind) => ofKind(volume, kind, `${path}.${kind}`, own))
}

const RENAME = 'leave it out, it is added for you; or give a volume of your own another name'

function ofKind(volume: Volume, kind: string, path: string, own: Belongings): Conflict[] {
  if (kind === 'persistentVolumeClaim') return [claim(volume, path, own)]
  if (kind === 'secret') return otherSecret(volume.secret?.secretName, `${path}.secretName`, own)
  if (kind === 'projected') return [projected(volume.name, path)]
  return []
}

/** The person's own claims come under our names only, so that the rules over mounts see every use of them. */
function claim(volume: Volume, path: string, own: Belongings): Conflict {
  const name = volume.persistentVolumeClaim?.claimName
  const ours = own.volumes.find(
    (one) => 'persistentVolumeClaim' in one && one.persistentVolumeClaim.claimName === name,
  )
  const fault = `is ${shown(name)}`
  if (ours) {
    const mend = `leave it out; it is added for you as the volume ${shown(ours.name)}`
    return { path: `${path}.claimName`, fault: `${fault} under another name than ${shown(ours.name)}`, mend }
  }
  return {
    path: `${path}.claimName`,
    fault: `${fault}, which is not ${own.slug}'s`,
    mend: "remove it; a person's pod has their home and the shared folder, and no other claim",
  }
}

function projected(name: string, path: string): Conflict {
  if (TOKEN_VOLUME.test(name)) {
    return {
      path,
      fault: 'brings a token for the Kubernetes API into the pod',
      mend: 'set automountServiceAccountToken: false in the spec of the pod',
    }
  }
  return {
    path,
    fault: 'can bring in tokens and Secrets',
    mend: 'use configMap or downwardAPI volumes of their own',
  }
}

/** Of all Secrets a pod may see one: its own desktop's. By a volume or by the environment alike. */
export function otherSecret(name: string | null | undefined, path: string, own: Belongings): Conflict[] {
  const allowed = desktopName(own.slug)
  if (name === allowed) return []
  return [
    { path, fault: `is ${shown(name)}`, mend: `remove it; the only Secret for ${own.slug} is ${allowed}` },
  ]
}
