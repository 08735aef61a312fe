import { join } from 'node:path'
import { IMAGES } from '../../config/images.ts'
import { applyFolder } from '../apply.ts'
import { crdFolder, DELIVERY_NAMESPACES } from '../crds.ts'
import { buildImages } from '../images/build.ts'
import { renderWith } from '../render.ts'
import { pushImage } from './registry.ts'
import type { Room } from './room.ts'

/** What the apps of `dist/` run; desktops are large, and pushed by whoever starts one. */
const PLATFORM = ['deskfleet', 'ldap'] as const

/**
 * Brings the platform into a room as an administrator without Git would: images to the registry, `dist/` rendered with
 * their digests, everything applied. Resolves when the API server has taken it all; pods start on their own.
 *
 * @throws with what the API server complained of.
 */
export async function applyPlatform(room: Room, progress: (line: string) => void): Promise<void> {
  const images: Record<string, string> = {}
  for (const image of await buildImages(PLATFORM, progress)) {
    images[image.name] = await pushImage(room.machine, image, IMAGES[image.name].tag)
  }
  const namespaces = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: DELIVERY_NAMESPACES })
  const definitions = ['--filename', await crdFolder(undefined, progress), '--filename=-']
  const taken = await room.run(['apply', '--server-side', ...definitions], { input: namespaces })
  if (taken.code !== 0) throw new Error(`the definitions of Argo CD and Flux were refused: ${taken.stderr}`)
  const dist = join(room.dir, 'dist')
  renderWith(JSON.stringify({ images }), dist)
  const problems = await applyFolder(room, dist, { progress })
  if (problems.length > 0) throw new Error(`the API server complained:\n${problems.join('\n')}`)
}
