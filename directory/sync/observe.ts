import type { IdentitySpec } from '../../config/identity.ts'
import type { Person } from '../person.ts'

/** An Identity as it stands in the cluster. */
export interface Published {
  readonly slug: string
  readonly spec: IdentitySpec
  /** The object's own uid, so that only this very object is removed. */
  readonly objectUid: string
  /** The API server's count of changes to the spec. */
  readonly generation: number
  /** Whether its condition Published is True for the spec as it stands. */
  readonly confirmed: boolean
}

/** The ConfigMap that the admission policies read. */
export interface Digest {
  readonly lines: Readonly<Record<string, string>>
  readonly version: string
}

/** All that a decision rests on. */
export interface Observed {
  readonly people: readonly Person[]
  /** Whether the people were read whole, or brought up to date by what changed. */
  readonly complete: boolean
  readonly published: ReadonlyMap<string, Published>
  readonly digest: Digest | undefined
}
