import type { Place, Side, Wish } from '../places/facts.ts'

/** The directory of a home, or the shared folder, on one side. */
export interface SideFact {
  /** Closed: root's alone. Open: somebody else may come in. */
  readonly home: 'open' | 'closed' | 'absent'
  /** Whose it is. */
  readonly uid: number
  readonly gid: number
  /** Whether a copy is being made there, or has been. */
  readonly staged: boolean
  /** Whether an old copy is kept there. */
  readonly aside: boolean
}

/** All that a decision about one home, or the shared folder, rests on. */
export interface Facts {
  readonly place: Place
  readonly sides: Readonly<Record<Side, SideFact>>
  readonly wish: Wish
  /** Pods that use it, or wait for it, as the API server has them; looked at after the record was read. */
  readonly pods: number
  /** What this process has seen since it leads; nothing of it is needed for safety. */
  readonly memory: Memory
  /** Ms of the clock. */
  readonly now: number
}

export interface Memory {
  /** When the last copy by size and time ended well. */
  readonly copied: number | undefined
  /** Tries to switch that were given up. */
  readonly givenUp: number
  /** The last step failed: why, and when it is tried again. */
  readonly failed: { readonly why: string; readonly until: number } | undefined
  /** A last pass of this hold found that nothing differs any more. */
  readonly equal: boolean
  /** Since when this process has held it. */
  readonly heldSince: number | undefined
  /** Since when a pod waits for it. */
  readonly waitedSince: number | undefined
}

export const NO_MEMORY: Memory = {
  copied: undefined,
  givenUp: 0,
  failed: undefined,
  equal: false,
  heldSince: undefined,
  waitedSince: undefined,
}

/** One thing to be done for one home. Each may be done again after a crash, whether it was done or not. */
export type Step =
  /** Copy what differs by size and time, while the person works. */
  | 'copy'
  /** Copy what differs in any byte, while the person works. */
  | 'compare'
  /** Remove a copy that is of no use any more. */
  | 'drop'
  /** Say in the record that it is held. */
  | 'hold'
  | 'close'
  /** Copy what is left and see that nothing differs. */
  | 'last-pass'
  /** Say in the record that it lies on the other side. */
  | 'switch'
  /** Say in the record that it is given back: whoever is about to switch it is too late. */
  | 'give-up'
  /** Put the copy in its place. */
  | 'place'
  /** Put what was moved away aside. */
  | 'put-aside'
  /** Give it back to whom it belongs, on the side where it lies. */
  | 'open'
  /** Say in the record that it is held no more. */
  | 'let-go'
  /** Forget the record of a home that is not there any more. */
  | 'forget'

export type Trouble =
  /** On the other side something stands in its place that this move has not put there. */
  | 'place-taken'
  /** It is closed, and no record says that it is held. */
  | 'closed-by-hand'
  /** Neither the home nor its copy is to be found on the side where it lies. */
  | 'not-found'

export interface Decision {
  readonly step: Step | undefined
  readonly trouble?: Trouble
  /** It waits until its desktops end. */
  readonly waits?: true
}
