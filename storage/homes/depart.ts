import { UUID_PATTERN } from '../../config/home-marker.ts'
import { homeClaim, homeVolume, NAMESPACES, slugOf } from '../../config/names.ts'
import { isMassLoss } from '../../service/brake.ts'
import { type Problem, problem } from '../problem.ts'
import type { HomeFact, Observed, Volume } from './facts.ts'

/** One step of taking away what a removed person had: first the claim, when no pod holds it the home, then the volume. */
export type Departure =
  | { readonly step: 'remove-claim'; readonly claim: string; readonly uid: string }
  | {
      readonly step: 'trash'
      readonly entryUUID: string
      readonly login: string
      /** The volume that goes after it. */
      readonly volume: string | undefined
    }
  | { readonly step: 'remove-volume'; readonly volume: string }

export interface Leaving {
  readonly departures: readonly Departure[]
  readonly missing: ReadonlyMap<string, number>
  readonly findings: readonly Problem[]
}

/**
 * Who had a home and is no longer published. Nothing is moved before they were missing for `after` milliseconds, nor
 * when many are missing at once: then the list of people is what is broken (a new cluster over old homes, an LDAP
 * made anew), and only an administrator can tell.
 */
export function departures(
  { people, volumes, claims, held }: Observed,
  homes: ReadonlyMap<string, HomeFact>,
  before: ReadonlyMap<string, number>,
  now: number,
  after: number,
): Leaving {
  const present = new Set(people.map((one) => one.entryUUID))
  const volumeOf = new Map<string, string>()
  for (const { name, ours, entryUUID } of volumes.values()) {
    if (ours && entryUUID !== '') volumeOf.set(entryUUID, name)
  }
  const gone = new Set(
    [...homes.keys(), ...volumeOf.keys()].filter(
      (uuid) => UUID_PATTERN.test(uuid) && !present.has(uuid) && !held?.has(uuid),
    ),
  )
  const missing = new Map([...gone].map((uuid) => [uuid, before.get(uuid) ?? now]))
  const known = new Set([...homes.keys(), ...volumeOf.keys()]).size
  if (isMassLoss(gone.size, known)) {
    const what = `${gone.size} of ${known} homes belong to nobody who is published; all are kept`
    const mend = 'see whether LDAP lost people; if they are really gone, move their homes to trash/ yourself'
    return { departures: [], missing, findings: [problem('EntryUnfit', what, mend)] }
  }
  const occupied = new Set(people.map((one) => homeVolume(one.slug)))
  // The claim that the volume itself names: anybody's claim may name any volume.
  const claimOn = (volume: string, name: string | undefined) => {
    const claim = claims.get(name ?? '')
    return claim?.volume === volume ? claim : undefined
  }
  const claimOf = (uuid: string) => {
    const volume = volumeOf.get(uuid)
    if (volume !== undefined) return claimOn(volume, claimNamedBy(volumes.get(volume)))
    // Where the volume was deleted by hand, the marker's login leads to the claim that a pod may still use.
    const slug = slugOf(loginOf(homes.get(uuid)))
    return occupied.has(homeVolume(slug)) ? undefined : claimOn(homeVolume(slug), homeClaim(slug))
  }
  const steps = [...missing].flatMap(([uuid, since]): Departure[] => {
    const volume = volumeOf.get(uuid)
    const home = homes.get(uuid)
    // Somebody new has the login already, and waits for what was the former person's to be gone.
    const awaited = volume !== undefined && occupied.has(volume)
    if (!awaited && now - since < after) return []
    const claim = claimOf(uuid)
    if (claim) return claim.leaving ? [] : [{ step: 'remove-claim', claim: claim.name, uid: claim.uid }]
    if (home) return [{ step: 'trash', entryUUID: uuid, login: loginOf(home), volume }]
    return volume === undefined ? [] : [{ step: 'remove-volume', volume }]
  })
  // A volume of a renamed person keeps the old slug's name; the home itself stays, its owner is still there.
  const slugs = new Map(people.map((one) => [one.entryUUID, one.slug]))
  const renamed = [...volumes.values()].flatMap((one): Departure[] => {
    const slug = one.ours ? slugs.get(one.entryUUID) : undefined
    if (slug === undefined || one.name === homeVolume(slug)) return []
    const claim = claimOn(one.name, claimNamedBy(one))
    if (!claim || claim.name === homeClaim(slug)) return [{ step: 'remove-volume', volume: one.name }]
    return [{ step: 'remove-claim', claim: claim.name, uid: claim.uid }]
  })
  const leaving = new Set([...claims.values()].filter((one) => one.leaving).map((one) => one.name))
  return {
    departures: [
      ...steps,
      ...renamed.filter((one) => one.step !== 'remove-claim' || !leaving.has(one.claim)),
    ],
    missing,
    findings: [],
  }
}

/** The name of the claim in `desktops` that a volume is for. */
function claimNamedBy(volume: Volume | undefined): string | undefined {
  const [namespace, name] = volume?.claim?.split('/') ?? []
  return namespace === NAMESPACES.desktops ? name : undefined
}

function loginOf(home: HomeFact | undefined): string {
  return home?.kind === 'directory' && typeof home.marker === 'object' ? home.marker.login : 'unknown'
}
