/**
 * All that a decision about the volume rests on. Times are ms since 1970, sizes bytes. What was asked and not answered
 * is `'unread'`, and never a value that looks like health or like absence.
 */
export interface Facts {
  /** The PC whose glusterd was asked: the leader's. */
  readonly self?: string | undefined
  /** All PCs of the room, with a brick or without, as the API server has them. */
  readonly pcs: readonly Pc[] | 'unread'
  /** The pool as the leader's glusterd sees it, itself included under its PC's name: `pool list`. */
  readonly peers: readonly Peer[] | 'unread'
  /** `volume info`; `'none'` only where glusterd answered that there is no such volume. */
  readonly volume: Volume | 'none' | 'unread'
  /** `volume status V detail`; empty while the volume is not started. A brick that it leaves out does not run. */
  readonly running: readonly BrickState[] | 'unread'
  /** `volume heal V info summary`, a line for each brick of the volume; empty while the volume is not started. */
  readonly heal: readonly Heal[] | 'unread'
  /** `volume rebalance V status`; `'none'` where none was ever begun. */
  readonly rebalance: Rebalance | 'none' | 'unread'
  /** The tasks of `volume status V` other than a rebalance: something that bricks are being moved by. */
  readonly tasks: readonly Task[] | 'unread'
  /** The root of the volume, through a client: its mtime. `'unread'` while nothing is mounted. */
  readonly root: { readonly mtime: number } | 'unread'
  readonly memory: Memory
}

/** What the administrator decides; from `cluster.yaml`. */
export interface Policy {
  /** The name of the volume. */
  readonly volume: string
  /** Copies of every file, 1 to 7. */
  readonly copies: number
  /** Copies that must be possible before the volume is made; undefined: as many as the PCs that have bricks allow. */
  readonly minCopies: number | undefined
  /** Bricks that are kept for repairs, beyond the first set that is complete. */
  readonly spares: number
  /** For so many ms a brick may be missing before another one takes its place. */
  readonly replaceAfter: number
  /** When somebody asked last that what is behind is brought up to date; 0 where nobody did. */
  readonly healAsked: number
  /** Options that only a volume that does not run can be given, such as `client.ssl`: set before its first start. */
  readonly birth: Options
  /** Options that it has at all times, beside those that follow from its shape: see options.ts. */
  readonly options: Options
}

/** By Gluster's names, as `cluster.quorum-type`, with values as `volume info` writes them. */
export type Options = Readonly<Record<string, string>>

/** A PC of the room. Its name is the name of its Node, of its peer, and the CN of its certificate. */
export interface Pc {
  readonly name: string
  /** The Node's condition Ready. */
  readonly ready: boolean
  /** Since when it is so; undefined where the cluster does not say. */
  readonly since: number | undefined
  /** Whether new things come to it: not cordoned. */
  readonly open: boolean
  /** The administrator wants its brick free, to take the PC away. */
  readonly retiring: boolean
  /**
   * What the PC's own agent tells of its brick, by the Node's annotations. `'none'`: it is no PC with a brick (label).
   * `'unread'`: it is one, and its agent has said nothing yet, or nothing that can be read.
   */
  readonly brick: Brick | 'none' | 'unread'
  /** The UUID of its glusterd as its agent read it; undefined while there is none, as after a wipe. */
  readonly uuid: string | undefined
  /** The epoch that its agent acted upon last as part of the pool; 0 while its glusterd knows of no pool, as after a wipe. */
  readonly epoch: number
}

export interface Brick {
  /** Of the identity file in the brick, made once; another disk has another one. */
  readonly id: string
  /** The folder that Gluster is given, as `/var/lib/deskfleet/brick/data`. */
  readonly path: string
  /** Of its file system. */
  readonly bytes: number
  readonly free: number
  /** The ID of the volume whose mark it bears (`trusted.glusterfs.volume-id`); `'nothing'` where it bears none and is empty. */
  readonly holds: string | 'nothing'
  /** What its check by the agent found; undefined where it is fit to be used. */
  readonly fault: BrickFault | undefined
}

/** Of these each alone forbids that the brick is used or started by force. */
export type BrickFault =
  /** Nothing is mounted where it belongs: what is written there would be on the system's disk. */
  | 'not-mounted'
  | 'not-xfs'
  /** The identity file is missing, or names another PC or another file system. */
  | 'wrong-id'
  /** The file system is read-only, or answers with errors. */
  | 'failing'

/** A line of `pool list`. */
export interface Peer {
  /** The name that it was probed by: that of its PC. */
  readonly name: string
  readonly uuid: string
  /** As `peer status` words it; `Peer in Cluster` is the one that is well. The leader's own has that one, too. */
  readonly state: string
  readonly connected: boolean
}

export interface BrickPlace {
  /** The host of `HOST:PATH`. */
  readonly pc: string
  readonly path: string
}

export interface Volume {
  readonly name: string
  /** Gluster's ID of it, with hyphens. */
  readonly id: string
  readonly status: 'created' | 'started' | 'stopped'
  /** Bricks of one set, the arbiter counted: `replicaCount`, 1 where the volume is not replicated. */
  readonly width: number
  /** Of these the last is an arbiter, which holds names and no contents: `arbiterCount`, 0 or 1. */
  readonly arbiters: number
  /** In Gluster's order: the first `width` of them are the first set, and so on. */
  readonly bricks: readonly BrickPlace[]
  /** Those that were set: `options` of `volume info`. */
  readonly options: Options
}

/** A brick in `volume status V detail`. */
export interface BrickState extends BrickPlace {
  readonly online: boolean
  /** Undefined where it does not run. */
  readonly port: number | undefined
  readonly pid: number | undefined
  /** 0 where it is not told. */
  readonly bytes: number
  readonly free: number
}

/** A brick in `volume heal V info summary`. */
export interface Heal extends BrickPlace {
  /** Whether this brick answered. The numbers of one that did not are no numbers. */
  readonly answered: boolean
  /** Entries for others that this brick knows to be behind; those in split brain are not counted. */
  readonly pending: number
  readonly splitBrain: number
  /**
   * The PCs whose bricks these entries are behind on, where the brick's agent counted that by their marks
   * (`trusted.afr.*`); left out where nobody did. Without it a brick that missed something is known to have caught up
   * only when nothing at all is pending in its set.
   */
  readonly behind?: readonly string[] | undefined
}

export interface Rebalance {
  /** Gluster's task ID: another run has another one. */
  readonly id: string
  readonly state: 'running' | 'completed' | 'failed' | 'stopped'
  /** Files that could not be moved. */
  readonly failures: number
}

/** Something that Gluster does by and by, begun by `remove-brick … start` or an old `replace-brick`. */
export interface Task {
  readonly id: string
  readonly kind: 'remove-brick' | 'replace-brick' | 'other'
  /** As Gluster words it, as `in progress` or `completed`. */
  readonly state: string
}

/** What is kept in the cluster from tick to tick by compare-and-swap; every agent reads it. */
export interface Memory {
  /** Raised whenever a PC is fenced. A PC that acted upon an older one may serve an old list of bricks. */
  readonly epoch: number
  /** PCs whose glusterd must not run and whose certificate nobody accepts, until they are wiped. */
  readonly fenced: readonly Fenced[]
  /** By PC: since when its brick of the volume is missing. */
  readonly missing: Readonly<Record<string, number>>
  /** By PC: the `id` of its brick when it became one of the volume. */
  readonly members: Readonly<Record<string, string>>
  /** PCs whose brick was seen to lack nothing that its set has, and was not missing since. */
  readonly whole: readonly string[]
  /** By PC: the `id` of a brick that is the volume's no more and that its agent may empty. */
  readonly mayEmpty: Readonly<Record<string, string>>
  /** A change that was written down before it was asked of Gluster, until it is seen done or not done. */
  readonly intent: Intent | undefined
  /** Sets that the files are spread over: those of the last rebalance that ended well, or of the volume's birth. */
  readonly balanced: number
  /** The rebalance that was begun for so many sets; undefined while none is waited for. */
  readonly spreading: { readonly id: string; readonly sets: number } | undefined
  /** When a heal was asked for last; 0 before the first. */
  readonly healAsked: number
  /**
   * PCs that went on alone, each one of two bricks without an arbiter: the other one of its set lacks what was written
   * since, and may not serve without it (alone.ts).
   */
  readonly alone: readonly string[]
}

export interface Fenced {
  readonly pc: string
  /** Of its glusterd when it was fenced; a wiped one has another. Undefined where it was never told. */
  readonly uuid: string | undefined
  /** Of the brick that it had. */
  readonly brickId: string | undefined
  readonly since: number
  /** Its agent may empty pool and brick: everything in it was seen to be elsewhere. */
  readonly mayWipe: boolean
}

export interface Intent {
  readonly change: Change
  readonly since: number
  /** What whoever carried it out wrote down afterwards; undefined while, or because, no answer came. */
  readonly answer: 'accepted' | { readonly refused: string } | undefined
}

/** One thing that is asked of Gluster, or (`wipe`, `unfence`) of an agent by way of the memory alone. */
export type Change =
  /** The option `auth.ssl-allow` without that PC; the memory names it fenced from before. */
  | { readonly change: 'fence'; readonly pc: string; readonly allowed: string }
  /** It was no danger after all, or it was wiped: it may run glusterd again. */
  | { readonly change: 'unfence'; readonly pc: string }
  /** It may empty a brick that is the volume's no more, and, where it is fenced, what its glusterd knows of the pool. */
  | { readonly change: 'wipe'; readonly pc: string }
  | { readonly change: 'probe'; readonly pc: string }
  /** By the name of the peer, which has no brick of the volume; with `force` where it is not heard. */
  | { readonly change: 'detach'; readonly pc: string }
  /** Never with `force`. `arbiters` 1: the last brick of each `width` is the arbiter. */
  | {
      readonly change: 'create'
      readonly width: number
      readonly arbiters: number
      readonly bricks: readonly BrickPlace[]
      /** Birth options included; set before the first start. */
      readonly options: Options
    }
  /** `force`: the volume runs, and bricks of it that ought to do not. */
  | { readonly change: 'start'; readonly force: boolean }
  | { readonly change: 'options'; readonly options: Options }
  /** `replace-brick V FROM TO commit force`. */
  | { readonly change: 'replace'; readonly from: BrickPlace; readonly to: BrickPlace }
  /** Another disk in the same place: `reset-brick V B start`, then `reset-brick V B B commit force`. */
  | { readonly change: 'reset'; readonly brick: BrickPlace; readonly id: string }
  /** `add-brick V replica WIDTH [arbiter 1] BRICKS`: as many for each set, in the order of the sets. */
  | {
      readonly change: 'raise'
      readonly width: number
      readonly arbiters: number
      readonly bricks: readonly BrickPlace[]
    }
  /** `remove-brick V replica WIDTH BRICKS force`: one of each set. */
  | { readonly change: 'lower'; readonly width: number; readonly bricks: readonly BrickPlace[] }
  /** `add-brick V BRICKS`: one whole set. */
  | { readonly change: 'add-set'; readonly bricks: readonly BrickPlace[] }
  /** `rebalance V start`. `former`: the ID of the run before it. */
  | { readonly change: 'rebalance'; readonly sets: number; readonly former: string | undefined }
  | { readonly change: 'stop-rebalance'; readonly id: string }
  /** The mtime of the volume's root is set to now, through a client. */
  | { readonly change: 'touch-root' }
  /** `volume heal V`. */
  | { readonly change: 'heal' }

export interface Plan {
  /** The one thing to do now. It is begun only after `memory` was written with this change as its intent. */
  readonly change: Change | undefined
  /** To be kept by compare-and-swap, with or without a change. */
  readonly memory: Memory
  /** What an administrator reads, the worst first. */
  readonly findings: readonly Finding[]
  /** PCs that are asked to leave and whose plug may be pulled. */
  readonly safeToPull: readonly string[]
}

/** What is so and should not be, or is being waited for. */
export interface Finding {
  /** `trouble` wants somebody; `degraded` mends itself or waits for a PC; `short` is as good as so few PCs allow; `working` is on its way. */
  readonly severity: 'trouble' | 'degraded' | 'short' | 'working'
  /** In one word, for conditions, Events and metrics. */
  readonly reason: string
  /** A PC, or the volume. */
  readonly where: string
  readonly what: string
  readonly mend: string
}
