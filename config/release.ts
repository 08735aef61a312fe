import { z } from 'zod'
import type { Finding } from './findings.ts'
import { isImageName } from './images.ts'
import type { Cluster } from './schema.ts'
import { VERSION } from './version.ts'

/** What a release says of its images: the digest of each, by the names of the image table. */
const Release = z.strictObject({
  version: z.string(),
  images: z.record(z.string().refine(isImageName), z.string().regex(/^sha256:[0-9a-f]{64}$/)),
})
export type Release = z.infer<typeof Release>

/** Reads the record of a release: JSON. */
export function readRelease(file: string, text: string): Release | { readonly finding: Finding } {
  try {
    return Release.parse(JSON.parse(text))
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    return {
      finding: {
        severity: 'error',
        where: file,
        what: what.replaceAll('\n', ' '),
        rule: 'it is written by npm run release alone',
        mend: 'take it back: git checkout of the file',
      },
    }
  }
}

/** The record as `npm run release` writes it. */
export const releaseText = (images: Readonly<Record<string, string>>, version = VERSION): string =>
  `${JSON.stringify({ version, images: Object.fromEntries(Object.entries(images).sort()) }, null, 2)}\n`

/**
 * The settings with our images by the digests of that release, where they say nothing else. A record of another version
 * than the checkout's counts for nothing: that version was never released.
 */
export function byRelease(cluster: Cluster, release: Release, version = VERSION): Cluster {
  if (release.version !== version) return cluster
  const released = Object.entries(release.images).map(([name, digest]) => [
    name,
    `${cluster.registry}/${name}@${digest}`,
  ])
  return { ...cluster, images: { ...Object.fromEntries(released), ...cluster.images } }
}
