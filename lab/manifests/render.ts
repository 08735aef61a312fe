import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileCluster } from '../../charts/apps.ts'
import { swapFolder } from '../../charts/kit/write.ts'
import type { Service } from '../../charts/service.ts'
import { sentence } from '../../config/findings.ts'
import { readCluster } from '../../config/read.ts'

const root = join(import.meta.dirname, '..', '..')

/**
 * Renders the checkout's `cluster.yaml` with an overlay (YAML text) into `folder`, as `npm run synth` would:
 * the lab's way to its own addresses. The committed `dist/` stays as it is.
 *
 * @param services an administrator's own
 * @throws with every finding when the overlay or the file has mistakes.
 */
export function renderWith(overlay: string, folder: string, services: readonly Service[] = []): void {
  const file = { name: 'cluster.yaml', text: readFileSync(join(root, 'cluster.yaml'), 'utf8') }
  const cluster = readCluster(file, [{ name: 'overlay', text: overlay }])
  if (!cluster.ok) throw new Error(cluster.findings.map(sentence).join('\n'))
  const compiled = compileCluster(cluster.value, services)
  if (!compiled.ok) throw new Error(compiled.findings.map(sentence).join('\n'))
  mkdirSync(join(folder, '..'), { recursive: true })
  swapFolder(folder, compiled.value.files)
  writeFileSync(`${folder}.overlay.yaml`, overlay)
}
