/** What one look at this PC's certificate showed: on its disk, and in the cluster. Times in ms. */
export interface Facts {
  /** This PC, by its Node's name. */
  readonly node: string
  readonly laid: Laid
  /** The key that waits for its certificate; undefined where there is none that can be used. */
  readonly next: Next | undefined
  readonly authorities: Authorities
  /** The time of day, which may jump: it judges when certificates begin and end, and nothing else. */
  readonly wall: number
  /** Of the clock that only grows. */
  readonly now: number
}

/** The key and the certificate as they lie there for Gluster. */
export type Laid =
  | { readonly state: 'absent' }
  | { readonly state: 'unusable'; readonly fault: string }
  | {
      readonly state: 'whole'
      readonly notBefore: number
      readonly notAfter: number
      /** Whether an authority that lies beside it signed it. */
      readonly trusted: boolean
      /** Whether an authority of the room signed it, and these alone lie beside it; undefined while the room's are not known. */
      readonly ofRoom: boolean | undefined
      readonly authoritiesOfRoom: boolean | undefined
      /** Whether the room says that it counts no more: it is of the time before this PC left and joined again. */
      readonly revoked?: boolean | undefined
    }

export interface Next {
  /** The name of its request. */
  readonly request: string
  /** Whether it is the key that lies there for Gluster already. */
  readonly isLaid: boolean
  readonly answer: Answer
}

export type Answer =
  | { readonly is: 'unread'; readonly why: string }
  | { readonly is: 'absent' }
  | { readonly is: 'awaited' }
  | { readonly is: 'refused'; readonly why: string }
  | { readonly is: 'given' }

/** Whom the room trusts, as the keeper publishes it. */
export type Authorities =
  | { readonly are: 'unread'; readonly why: string }
  | { readonly are: 'absent' }
  | { readonly are: 'known' }

/** Kept between looks by one process, and lost with it; of the clock that only grows. */
export interface Memory {
  /** Since when the request of that name is seen to be refused. */
  readonly refused?: { readonly request: string; readonly since: number }
  /** When a certificate was laid last. */
  readonly laidAt?: number
}

/** What is to be done. Each may be done twice. */
export type Step = 'make-key' | 'ask' | 'lay' | 'lay-authorities' | 'drop-key'

export interface Verdict {
  readonly step: Step | undefined
  /** Whether Gluster can be known by what lies there. */
  readonly usable: boolean
  /** Why not all is as it shall be, a sentence for people; undefined when it is. */
  readonly waitsFor: string | undefined
  readonly memory: Memory
}
