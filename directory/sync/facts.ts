import type { Condition } from '../../cluster/conditions.ts'
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
  /** Its condition Published as it stands. */
  readonly condition: Condition | undefined
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

/** Whether the condition Published says of the spec as it stands what is so. */
export const isTold = ({ spec, condition, generation }: Published): boolean =>
  condition?.status === (spec.locked ? 'False' : 'True') && condition.observedGeneration === generation
