import type { V1Pod } from '@kubernetes/client-node'
import { ENTRY_UUID } from '../../config/labels.ts'
import { homeClaim, SHARED_CLAIM } from '../../config/names.ts'
import { SHARED } from '../places/facts.ts'

/** How many pods use, or wait for, what a record is of. */
export type PodCount = (name: string) => number

/** What of a pod matters here. */
export interface UsingPod {
  /** Whose it is: admission proves it. */
  readonly entryUUID: string | undefined
  readonly claims: readonly string[]
}

export const usingPod = ({ metadata, spec }: V1Pod): UsingPod => ({
  entryUUID: metadata?.annotations?.[ENTRY_UUID]?.toLowerCase(),
  claims: (spec?.volumes ?? []).flatMap((one) => one.persistentVolumeClaim?.claimName ?? []),
})

/** A pod that has a home and does not say whose counts for every home. */
export function countPods(pods: readonly UsingPod[]): PodCount {
  const homes = pods.filter(({ claims }) => claims.some((claim) => claim.startsWith(homeClaim(''))))
  const unknown = homes.filter(({ entryUUID }) => entryUUID === undefined).length
  const counts = new Map<string, number>()
  for (const { entryUUID } of homes) {
    if (entryUUID !== undefined) counts.set(entryUUID, (counts.get(entryUUID) ?? 0) + 1)
  }
  const shared = pods.filter(({ claims }) => claims.includes(SHARED_CLAIM)).length
  return (name) => (name === SHARED ? shared : (counts.get(name) ?? 0) + unknown)
}
