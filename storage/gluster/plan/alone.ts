/**
 * Two bricks without an arbiter: when the PCs lose each other, one goes on and the other stops. Gluster cannot settle
 * which (shape.ts), so each PC's agent does, with a mark in the cluster that names who goes on alone. Times in ms of a clock
 * that only grows.
 */

/**
 * A word that is older counts as silence. A client gives up a brick that is silent after `network.ping-timeout` and
 * writes to the other one alone, so that by then it must be settled which: SILENT and STOP are below that (5 s). A brick
 * whose process ends is given up at once: what is written in the seconds until the mark is there is on one PC alone, and
 * in dispute if that one dies within them and the other one comes back without it.
 */
export const SILENT = 3_000
export const STOP = 4_000

export interface Two {
  readonly me: string
  /** When the other PC's brick was last seen to run: by a connection to its port, the way that clients take. */
  readonly heard: number
  /** When the API server answered last. */
  readonly answered: number
  /** Who goes on alone, as it was read last: the name of a PC; `'unread'` before the first time. */
  readonly alone: string | 'nobody' | 'unread'
  /** Whether this brick knows of nothing that the other one lacks, read at this look. */
  readonly healed: boolean
}

export interface Verdict {
  /** Whether this PC's brick may run. */
  readonly serve: boolean
  /** To be written by compare-and-swap; only what was written counts. */
  readonly mark: 'take' | 'give-back' | undefined
  readonly why: string
}

const says = (serve: boolean, why: string, mark?: Verdict['mark']): Verdict => ({ serve, mark, why })

/** Whether the brick of this PC may run. */
export function mayServe({ me, heard, answered, alone, healed }: Two, now: number): Verdict {
  if (now - heard < SILENT) {
    if (alone === me && healed) return says(true, 'both have everything again', 'give-back')
    return says(true, 'the two hear each other')
  }
  if (alone === me) return says(true, 'it goes on alone: the other one may not until it has caught up')
  if (alone === 'unread') return says(false, 'it does not know who went on alone')
  if (alone !== 'nobody') return says(false, `${alone} went on alone, and has what this one lacks`)
  const isLate = now - heard >= STOP
  if (now - answered < SILENT) return says(!isLate, 'the other one is silent', 'take')
  return says(!isLate, 'neither the other one nor the API server answers')
}
