import type { Clock } from '../../service/clock.ts'
import { inTime } from '../../service/in-time.ts'
import { judge, type Sighting, sight, type Term } from './judge.ts'

/** Where terms are kept: anything that can compare and swap. */
export interface TermStore {
  read(): Promise<Term | undefined>
  /**
   * Writes a term over the one of that version (undefined: where there is none), all or nothing.
   *
   * @returns the term as kept, or undefined when somebody else was first.
   */
  write(term: Omit<Term, 'version'>, over: string | undefined): Promise<Term | undefined>
}

export interface Candidacy {
  readonly store: TermStore
  /** Who this is: different for every process that runs. */
  readonly me: string
  readonly clock: Clock
  /** Ends the candidacy: the work is stopped, the term given back. */
  readonly signal: AbortSignal
  /** Told of every failure to reach the store; the candidacy goes on. */
  readonly onError?: (error: unknown) => void
  /** Milliseconds. A leader that could not renew for `deadline` stops, well before others may take over. */
  readonly timing?: { readonly duration: number; readonly deadline: number; readonly retry: number }
}

const TIMING = { duration: 15_000, deadline: 10_000, retry: 2_000 }

/**
 * Stands for election until `signal` aborts, and does the work in every term it gets. The work's own signal aborts
 * as soon as the term is lost or ends; the work must stop acting then, and return.
 *
 * @throws what the work throws, after the term was given back; and when a term was lost and its work is stuck:
 * then only the end of the process ends it.
 */
export async function lead(
  candidacy: Candidacy,
  work: (tenure: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, signal, store } = candidacy
  const { retry } = candidacy.timing ?? TIMING
  let seen: Sighting | undefined
  while (!signal.aborted) {
    try {
      const found = await store.read()
      seen = found && sight(seen, found, clock.now())
    } catch (error) {
      candidacy.onError?.(error)
      await clock.sleep(retry, signal)
      continue
    }
    const began = clock.now()
    const won = judge(seen, candidacy.me, began) === 'wait' ? undefined : await stand(candidacy, seen?.term)
    if (won) {
      await serve(candidacy, won, began, work)
      seen = undefined
    }
    if (!signal.aborted) await clock.sleep(retry, signal)
  }
}

async function stand(candidacy: Candidacy, before: Term | undefined): Promise<Term | undefined> {
  const { clock, me, timing = TIMING } = candidacy
  const now = clock.wall()
  const mine = before?.holder === me
  const next = {
    holder: me,
    duration: timing.duration,
    acquired: mine ? before.acquired : now,
    renewed: now,
    transitions: (before?.transitions ?? -1) + (mine ? 0 : 1),
  }
  try {
    return await candidacy.store.write(next, before?.version)
  } catch (error) {
    candidacy.onError?.(error)
    return undefined
  }
}

async function serve(
  candidacy: Candidacy,
  won: Term,
  began: number,
  work: (tenure: AbortSignal) => Promise<void>,
): Promise<void> {
  const tenure = new AbortController()
  const stop = (): void => tenure.abort()
  candidacy.signal.addEventListener('abort', stop, { once: true })
  if (candidacy.signal.aborted) stop()
  const working = work(tenure.signal).finally(stop)
  try {
    const last = await hold(candidacy, won, began, tenure.signal)
    stop()
    // Only when nothing of this term acts any more may somebody else begin.
    if (last) await working.finally(() => giveBack(candidacy, last))
    else await endsInTime(candidacy, working)
  } finally {
    candidacy.signal.removeEventListener('abort', stop)
  }
}

/** Ms. Longer than any call that work may be in the middle of: what still goes on then is stuck. */
const STUCK = 60_000

async function endsInTime({ clock }: Candidacy, working: Promise<void>): Promise<void> {
  const ended = await inTime(
    clock,
    STUCK,
    working.then(() => true),
  )
  if (ended) return
  working.catch(() => {})
  throw new Error('the Lease was lost, and the work under it does not end')
}

/** Renews until the tenure ends; returns the term as last written, or undefined when it was lost. */
async function hold(
  candidacy: Candidacy,
  won: Term,
  began: number,
  tenure: AbortSignal,
): Promise<Term | undefined> {
  const { clock, timing = TIMING } = candidacy
  let term = won
  let renewedAt = began
  for (;;) {
    await clock.sleep(timing.retry, tenure)
    if (tenure.aborted) return term
    const left = renewedAt + timing.deadline - clock.now()
    if (left <= 0) return undefined
    const at = clock.now()
    const answer = await inTime(clock, left, renew(candidacy, term))
    if (answer === 'superseded') return undefined
    if (answer === undefined) continue
    term = answer
    renewedAt = at
  }
}

/** The renewed term; `superseded` when somebody else wrote; undefined when the store did not answer. */
async function renew(candidacy: Candidacy, term: Term): Promise<Term | 'superseded' | undefined> {
  const { version, ...kept } = term
  try {
    const written = await candidacy.store.write({ ...kept, renewed: candidacy.clock.wall() }, version)
    if (written) return written
    // An answer that got lost on the way back looks like somebody else's write: read who it was.
    const now = await candidacy.store.read()
    return now?.holder === candidacy.me ? now : 'superseded'
  } catch (error) {
    candidacy.onError?.(error)
    return undefined
  }
}

async function giveBack(candidacy: Candidacy, term: Term): Promise<void> {
  const { version, ...kept } = term
  try {
    await candidacy.store.write({ ...kept, holder: '', renewed: candidacy.clock.wall() }, version)
  } catch (error) {
    candidacy.onError?.(error)
  }
}
