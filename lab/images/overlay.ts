import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { z } from 'zod'

/** What lies over `cluster.yaml` so that `dist/` names images as they were built: by digest. */
const Overlay = z.object({ images: z.record(z.string(), z.string()).default({}) })

/** Writes references by digest, by the names of `config/images.ts`; those of other images that stand there stay. */
export function writeImagesOverlay(file: string, references: Readonly<Record<string, string>>): void {
  const before = existsSync(file) ? Overlay.parse(parse(readFileSync(file, 'utf8'))).images : {}
  const images = Object.entries({ ...before, ...references }).sort(([one], [other]) => (one < other ? -1 : 1))
  writeFileSync(file, stringify({ images: Object.fromEntries(images) }))
}
