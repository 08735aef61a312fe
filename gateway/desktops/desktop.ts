/** A person's desktop as the cluster shows it, boiled down to what is decided upon. Times in ms since the epoch. */
export interface Desktop {
  readonly slug: string
  readonly template: string
  /** The Deployment's version, which every write must name. */
  readonly version: string
  /** Whether it shall run. */
  readonly on: boolean
  /** In the queue since. While `on`: since when its pod finds no PC. */
  readonly waitingSince?: number
  readonly startedAt?: number
  readonly stoppedAt?: number
  readonly stoppedWhy?: string
  /** As noted, at most a minute behind. */
  readonly lastInput?: number
  /** When it will be stopped, while its person is warned. */
  readonly stopsAt?: number
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
export type Step = 'asked' | 'noRoom' | 'found' | 'image' | 'start' | 'ready'

/**
 * What may be in the way: the image cannot be had, the home cannot be attached, another pod still has it, the programs
 * end again.
 */
export type Fault = 'image' | 'home' | 'held' | 'crash'

/** Why a desktop was stopped; the words are those of the annotation. */
export type StopReason = 'Idle' | 'Person' | 'Administrator' | 'MadeRoom'
