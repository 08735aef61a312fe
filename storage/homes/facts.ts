import type { Condition } from '../../cluster/conditions.ts'
import type { Side } from '../places/facts.ts'
import type { Problem } from '../problem.ts'
import type { Space } from './space.ts'

/** A published person, as far as homes go. */
export interface HomeOwner {
  readonly slug: string
  readonly login: string
  readonly uid: number
  readonly gid: number
  /** Small letters. */
  readonly entryUUID: string
  readonly groups: readonly { readonly name: string; readonly gid: number }[]
  readonly generation: number
  /** The condition HomeReady as it stands. */
  readonly condition: Condition | undefined
}

/** One entry of `homes/`, looked at without following links. */
export type HomeFact =
  | {
      readonly kind: 'directory'
      readonly uid: number
      /** Permission bits. */
      readonly mode: number
      /** The entryUUID and login that the marker of root names; `wrong` when it is anything else. */
      readonly marker: { readonly entryUUID: string; readonly login: string } | 'missing' | 'wrong'
    }
  | { readonly kind: 'other' }
  | { readonly kind: 'unreadable'; readonly problem: Problem }

/** The storage directory, looked at once. */
export type Disk =
  | {
      readonly state: 'there'
      readonly homes: ReadonlyMap<string, HomeFact>
      readonly shared: SharedFact
      /** What stands where folders of programs belong, by path. */
      readonly folders: ReadonlySet<string>
      readonly space: Space
    }
  /** Nothing in it and no marker: new, or not mounted. */
  | { readonly state: 'empty' }
  | { readonly state: 'failed'; readonly problem: Problem }

export type SharedFact = { readonly gid: number; readonly mode: number } | 'missing' | 'other'

/** A PersistentVolume, as far as homes go. */
export interface Volume {
  readonly name: string
  /** Whether it carries the label of storage/homes. */
  readonly ours: boolean
  readonly path: string | undefined
  /** `namespace/name` of the claim it is for. */
  readonly claim: string | undefined
  readonly claimUid: string | undefined
  readonly retained: boolean
  /** '' for the shared folder. */
  readonly entryUUID: string
}

/** A PersistentVolumeClaim in `desktops`. */
export interface Claim {
  readonly name: string
  readonly uid: string
  readonly volume: string | undefined
  readonly bound: boolean
  /** Deleted, but kept while a pod uses it. */
  readonly leaving: boolean
}

/** A folder in the storage directory for a program that is not root: copies of the directory, and the data of services. */
export interface Folder {
  /** Below the storage directory. */
  readonly path: string
  readonly uid: number
}

/** All that a decision rests on. */
export interface Observed {
  /** Homes that the mover keeps from their people this moment, by entryUUID; the shared folder by its name. */
  readonly held?: ReadonlySet<string>
  /** Homes of which nobody has said yet on which of two storages they lie. */
  readonly unsaid?: readonly { readonly name: string; readonly side: Side }[]
  readonly people: readonly HomeOwner[]
  readonly disk: Disk
  /** By name. */
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claims: ReadonlyMap<string, Claim>
}
