import type { Raise } from './version.ts'

/** All that a release depends on. */
export interface Facts {
  /** The version in package.json. */
  readonly current: string
  /** What was asked for. @default the current version if it was never released, else a patch */
  readonly raise: Raise | undefined
  /** As CHANGELOG.md and tags write it: YYYY-MM-DD, UTC. */
  readonly date: string
  /** Whether images can be built here. */
  readonly builds: boolean
  readonly branch: string
  /** Files that git knows as changed or does not know at all. */
  readonly changed: readonly string[]
  readonly tags: readonly string[]
  /** Files that a release may rewrite, by path. */
  readonly texts: ReadonlyMap<string, string>
  /** Our images that carry the version. */
  readonly images: readonly string[]
  readonly registry: string
}
