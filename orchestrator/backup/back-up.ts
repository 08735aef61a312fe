import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../service/clock.ts'
import type { Gateway } from '../etcd/gateway.ts'
import { readMembers } from '../etcd/members.ts'
import { takeSnapshot } from '../etcd/snapshot.ts'
import { statusOf } from '../etcd/status.ts'
import type { Belonging } from './belongings.ts'
import { nameOf } from './decide.ts'
import { type Manifest, manifestOf } from './manifest.ts'
import type { Place } from './place.ts'
import { prove } from './prove.ts'
import { seal } from './seal.ts'
import { chooseSource } from './source.ts'
import type { Programs } from './throw-away.ts'

export interface Work {
  readonly gateway: Gateway
  /** Client URLs of members, as far as they are known; the list that they have says who there is. */
  readonly endpoints: readonly string[]
  readonly programs: Programs
  readonly belongings: readonly Belonging[]
  /** Public keys. */
  readonly recipients: readonly string[]
  /** The first place; from there the copy is brought to others. */
  readonly place: Place
  /** A folder on a disk, for what is needed meanwhile: twice the database. */
  readonly scratch: string
  readonly clock: Clock
}

export type BackedUp =
  | { readonly name: string; readonly manifest: Manifest }
  /** No copy was made; those that are there stay. */
  | { readonly refusal: string }

/** So often a snapshot is taken when it cannot be compared. */
const TRIES = 3

/** Takes a snapshot, proves it, encrypts it, and lays it into the first place. What was in between is gone afterwards. */
export async function backUp(work: Work): Promise<BackedUp> {
  await mkdir(work.scratch, { recursive: true, mode: 0o700 })
  for (let attempt = 1; ; attempt++) {
    // Short, since the path of a unix socket is.
    const folder = await mkdtemp(join(work.scratch, 'b-'))
    try {
      const made = await once(work, folder)
      if (!('again' in made)) return made
      if (attempt === TRIES) return { refusal: `no snapshot could be compared: ${made.again}` }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

async function once(work: Work, folder: string): Promise<BackedUp | { readonly again: string }> {
  const { gateway, programs, clock, place } = work
  const list = await readMembers(gateway, work.endpoints)
  if (list.is !== 'done') return { refusal: `the members of etcd cannot be read: ${list.why}` }
  const candidates = await Promise.all(
    list.value.members.map(async (member) => ({
      member,
      status: await statusOf(gateway, member.clientUrls[0] ?? ''),
    })),
  )
  const source = chooseSource(candidates)
  if ('refusal' in source) return source
  const others = candidates.flatMap(({ member, status }) =>
    member.id === source.member.id || member.isLearner || status.is !== 'done'
      ? []
      : member.clientUrls.slice(0, 1),
  )
  const snapshot = join(folder, 'etcd.db')
  const at = clock.wall()
  const taken = await takeSnapshot(gateway, source.endpoint, snapshot)
  if (taken.is !== 'done') return { refusal: taken.why }
  const proven = await prove({
    gateway,
    source: source.endpoint,
    others,
    programs,
    snapshot,
    folder: join(folder, 'proof'),
  })
  if (proven.is === 'again') return { again: proven.why }
  if (proven.is === 'refused') return { refusal: `the snapshot is no backup: ${proven.why}` }
  const { members } = list.value
  const manifest = manifestOf(proven.proof, members, at, work.belongings, taken.value.sha256)
  const sealed = join(folder, 'sealed.age')
  await seal({ manifest, belongings: work.belongings, snapshot }, work.recipients, folder, sealed)
  const name = nameOf(at.getTime(), manifest.etcd.revision)
  await place.put(name, sealed)
  return { name, manifest }
}
