import type { Claim, Disk, HomeFact, HomeOwner, Observed, Volume } from '../../storage/homes/facts.ts'
import { pairOf, SHARED_PAIR } from '../../storage/homes/pair.ts'

/** People, homes and volumes as the decisions see them. */

export const uuidOf = (number: number): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

export const person = (slug: string, number: number, more: Partial<HomeOwner> = {}): HomeOwner => ({
  slug,
  login: slug,
  uid: 10_000 + number,
  gid: 10_000,
  entryUUID: uuidOf(number),
  groups: [{ name: 'people', gid: 20_000 }],
  generation: 1,
  condition: undefined,
  ...more,
})

export const homeFact = (
  of: HomeOwner,
  more: Partial<Extract<HomeFact, { kind: 'directory' }>> = {},
): HomeFact => ({
  kind: 'directory',
  uid: of.uid,
  mode: 0o700,
  marker: { entryUUID: of.entryUUID, login: of.login },
  ...more,
})

export const volumeFact = (of: HomeOwner, more: Partial<Volume> = {}): Volume => {
  const { volume, claim, path, entryUUID } = pairOf(of)
  return {
    name: volume,
    ours: true,
    path,
    claim: `desktops/${claim}`,
    claimUid: `uid-of-${claim}`,
    retained: true,
    entryUUID,
    ...more,
  }
}

export const claimFact = (of: HomeOwner, more: Partial<Claim> = {}): Claim => {
  const { volume, claim } = pairOf(of)
  return { name: claim, uid: `uid-of-${claim}`, volume, bound: true, leaving: false, ...more }
}

/** A cluster in which everybody has everything. */
export function settled(people: readonly HomeOwner[]): Observed {
  const shared: Volume = {
    name: SHARED_PAIR.volume,
    ours: true,
    path: SHARED_PAIR.path,
    claim: 'desktops/shared',
    claimUid: 'uid-of-shared',
    retained: true,
    entryUUID: '',
  }
  const sharedClaim = {
    name: 'shared',
    uid: 'uid-of-shared',
    volume: shared.name,
    bound: true,
    leaving: false,
  }
  return {
    people,
    disk: {
      state: 'there',
      homes: new Map(people.map((one) => [one.entryUUID, homeFact(one)])),
      shared: { gid: 20_000, mode: 0o3770 },
      folders: new Set<string>(),
      space: { whole: 1e12, free: 5e11, files: 1e6, filesFree: 9e5 },
    },
    volumes: new Map([...people.map((one) => volumeFact(one)), shared].map((one) => [one.name, one])),
    claims: new Map([...people.map((one) => claimFact(one)), sharedClaim].map((one) => [one.name, one])),
  }
}

export function withHome(observed: Observed, of: HomeOwner, fact: HomeFact | undefined): Observed {
  if (observed.disk.state !== 'there') return observed
  const homes = new Map(observed.disk.homes)
  if (fact) homes.set(of.entryUUID, fact)
  else homes.delete(of.entryUUID)
  const disk: Disk = { ...observed.disk, homes }
  return { ...observed, disk }
}

export const withVolume = (observed: Observed, volume: Volume): Observed => ({
  ...observed,
  volumes: new Map(observed.volumes).set(volume.name, volume),
})

export const withClaim = (observed: Observed, claim: Claim): Observed => ({
  ...observed,
  claims: new Map(observed.claims).set(claim.name, claim),
})
