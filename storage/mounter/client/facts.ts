/**
 * A client of the volume: one FUSE process of this PC, which belongs to no pod, and its mount. It is known by a number
 * that no other client has while anything of it is there.
 */
export interface Client {
  readonly number: number
  /** Its process; undefined where none is there. */
  readonly process: ClientProcess | undefined
  /** Its mount; undefined where none is there. */
  readonly mount: ClientMount | undefined
}

export interface ClientProcess {
  /** Which client's files it was started from. */
  readonly version: string
  /** The PCs that it was told to ask for the volume. */
  readonly servers: readonly string[]
  /** False once it has ended, or is ending. */
  readonly runs: boolean
  /** Milliseconds since it was started. */
  readonly age: number
}

/**
 * What its root says to a look: it answers; the client says that it cannot (below quorum, or since its process died);
 * or it says nothing for as long as we waited.
 */
export type Said = 'answers' | 'refuses' | 'silent'

export interface ClientMount {
  readonly said: Said
  /** For how many milliseconds it has answered, or has not. */
  readonly since: number
  /** How many homes and folders are shown from it. */
  readonly shown: number
}

/** All that a decision about clients rests on. */
export interface Seen {
  readonly clients: readonly Client[]
  /** Which client's files shall be used; undefined where none can be had. */
  readonly version: string | undefined
  /** Which lie on the PC, whole. */
  readonly laid: readonly string[]
  /** The PCs that may be asked for the volume, in the order in which this PC prefers them. */
  readonly servers: readonly string[]
  /** Whether this PC can show who it is. */
  readonly certificate: boolean
  /** Starts in a row that led to no client that lasted, and how many milliseconds the last of them is ago. */
  readonly starts: { readonly failed: number; readonly ago: number }
}

/** One thing to be done. */
export type Step =
  /** Take a dead mount off, used or not. */
  | { readonly step: 'detach'; readonly number: number }
  /** End a process that gives nothing. */
  | { readonly step: 'stop'; readonly number: number }
  /** Take a mount off that shows nothing any more, unless it is busy; its process then ends by itself. */
  | { readonly step: 'retire'; readonly number: number }
  | { readonly step: 'lay'; readonly version: string }
  | {
      readonly step: 'start'
      readonly number: number
      readonly version: string
      readonly servers: readonly string[]
    }
  | { readonly step: 'remove'; readonly version: string }

/** Why homes are not shown, or a switch does not happen. */
export type Trouble =
  /** No certificate yet: the mounter asks for one. */
  | 'no-certificate'
  /** The volume has no server yet, or nobody said which. */
  | 'no-servers'
  /** The image holds no client. */
  | 'no-client'
  /** A process was started, and its mount is not there yet. */
  | 'starting'
  /** The last starts failed; the next one waits. */
  | 'start-failed'
  /** The process lives and says that it cannot reach enough of the volume. */
  | 'no-quorum'
  /** The process lives and says nothing. */
  | 'silent'

export interface Decision {
  readonly step: Step | undefined
  /** The client that homes are shown from from now on; undefined while none answers. */
  readonly current: number | undefined
  readonly trouble: Trouble | undefined
}
