import type { Brick, Memory } from '../plan/facts.ts'

/** A PC from the inside of what its agent runs in: its files, and its programs. */
export interface Inside {
  /** What stands before every path; empty but in a lab. */
  readonly root: string
  /** What stands before every command; nothing but in a lab. */
  readonly way: readonly string[]
}

/** Where a PC has what belongs to Gluster, as its agent sees it. */
export interface Places {
  /** Where its brick is mounted. */
  readonly brick: string
  /** What its glusterd knows of the pool. */
  readonly state: string
  /** The folder with glusterfs.key, glusterfs.pem and glusterfs.ca. */
  readonly tls: string
}

/** What one PC decides about its own glusterd and its own brick. */
export interface OwnFacts {
  readonly me: string
  /** Of the room; `'unread'` until the API server has shown it once. */
  readonly memory: Memory | 'unread'
  readonly brick: Brick | 'unread'
  readonly pool: Pool
  /** Whether its certificate, its key and the pool's authority are there. */
  readonly keys: boolean
  /** Whether the other PCs can be found by their names: glusterd ends when it knows of one that it cannot find. */
  readonly names: boolean
  /** Whether its brick may run: of two without an arbiter, one may not while the other one goes on alone (alone.ts). */
  readonly mayServe: boolean
  readonly glusterd: boolean
  /** Whether some process serves its brick. */
  readonly serving: boolean
}

/** What its glusterd has written down. */
export interface Pool {
  /** Undefined while it was never started, or was wiped. */
  readonly uuid: string | undefined
  /** Whether it knows of other PCs or of a volume. */
  readonly known: boolean
}

/** What an agent does next with its own PC: one thing. */
export type OwnChange =
  | 'start'
  /** glusterd and all that it started. */
  | 'stop'
  /** All that its glusterd knows is removed. */
  | 'wipe'
  /** All that Gluster has on its brick is removed. */
  | 'empty'

export interface OwnDecision {
  readonly change: OwnChange | undefined
  readonly why: string
}
