import type { Obstacle } from '../../config/desktop-troubles.ts'

/** Whose something is. The slug alone does not tell: somebody new may have the login of somebody who was removed. */
export interface Owner {
  readonly slug: string
  /** '' where nobody wrote it down: then it is nobody's. */
  readonly entryUUID: string
}

/** A person's desktop as the cluster shows it, boiled down to what is decided upon. Times in ms since the epoch. */
export interface Desktop extends Owner {
  readonly template: string
  /** The Deployment's version, which every write must name. */
  readonly version: string
  /** Whether it shall run. */
  readonly on: boolean
  /** In the queue since. While `on`: since when its pod finds no PC. */
  readonly waitingSince?: number
  readonly startedAt?: number
  /** Which start this is; none where an older version started it. */
  readonly start?: string
  readonly stoppedAt?: number
  readonly stoppedWhy?: string
  /** As noted, at most a minute behind. */
  readonly lastInput?: number
  /** When it will be stopped, while its person is warned. */
  readonly stopsAt?: number
  /** When its person was told last that their files take up more than they may. */
  readonly toldOverLimit?: number
  /** The operation for which its person was told last that it moves to another PC. */
  readonly toldMove?: string
  /** When the password was set that it was begun with, or last entered with; '' where the directory told of none. */
  readonly passwordSet?: string
  /** Why the cluster refuses to make its pod. */
  readonly refused?: string
  /** The pod that counts; the others are ending. */
  readonly pod?: DesktopPod
  /** Since when an earlier pod is ending. */
  readonly endingSince?: number
}

export interface DesktopPod {
  readonly name: string
  readonly step: Step
  readonly pc?: string
  /** Its own IP address, from when it has one. */
  readonly address?: string
  readonly fault?: { readonly kind: Fault; readonly detail: string }
  /** Since when it is ready. */
  readonly readySince?: number
  readonly made: number
}

/**
 * How far a pod is: made, no PC has room, a PC was found and its home is attached, the image comes, the programs start,
 * there.
 */
export type Step = 'asked' | 'unschedulable' | 'found' | 'image' | 'start' | 'ready'

/**
 * What may be in the way: no PC takes this desktop, though there may be room, the image cannot be had, the home cannot be
 * attached, another pod still has it, the programs end again.
 */
export type Fault = 'place' | 'image' | 'home' | 'held' | 'crash' | BridgeFault

/**
 * What a bridge has found in the way: the disk of all homes is full, the person's share of it is used up, the home's lock
 * cannot be used, the programs end again and again.
 */
export type BridgeFault = Exclude<Obstacle, 'storage'>

/** Why a desktop was stopped; the words are those of the annotation. */
export type StopReason =
  | 'Idle'
  | 'Person'
  | 'Administrator'
  | 'MadeRoom'
  /** The account was locked, removed, or given a new password that nobody has logged in with. */
  | 'Locked'
  | 'Removed'
  | 'PasswordSet'

/** What a desktop's bridge said when it was asked last. Times in ms since the epoch. */
export interface BridgeState {
  readonly askedAt: number
  readonly lastInput: number
  /** Browsers that show it now. */
  readonly viewers: number
}

/** What a bridge says of its start: there is a desktop to be seen, what is in the way (`held`: another pod has the home), or neither yet. */
export type BridgeProgress = 'ready' | 'starting' | 'held' | 'home' | BridgeFault
