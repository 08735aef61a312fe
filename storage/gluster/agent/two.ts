import type { Clock } from '../../../service/clock.ts'
import { inTime } from '../../../service/in-time.ts'
import { turns } from '../../../service/turns.ts'
import { mayServe, type Verdict } from '../plan/alone.ts'
import type { GlusterCluster } from './cluster.ts'
import { changeMemory } from './memory.ts'
import { memoryOf, type Other, otherOfTwo, type StoredVolume } from './stored.ts'

/** The rule of two bricks without an arbiter, kept by the agent of each: see alone.ts. */

export interface TwoWork {
  readonly me: string
  readonly cluster: Pick<GlusterCluster, 'volume' | 'write'>
  readonly clock: Clock
  /** The volume as the API server showed it last. */
  readonly shown: () => StoredVolume | undefined
  /** Whether the other brick takes a connection. Never rejects. */
  readonly hears: (pc: string, port: number) => Promise<boolean>
  /** Whether this brick knows of nothing that the other one lacks. */
  readonly lacksNothing: () => Promise<boolean>
  readonly stopBrick: () => Promise<void>
  /** Told whenever the answer may be another one. */
  readonly judged: (verdict: Verdict) => void
  readonly failed: (error: unknown) => void
}

/** Ms between two looks; each takes no longer than its slowest question. */
const EVERY = 250
/** Ms without a word of the other one after which the API server is asked as well. */
const DOUBT = 1_000
/** An answer of the API server that takes longer is none. */
const PATIENCE = 1_000

const NO_RULE: Verdict = { serve: true, mark: undefined, why: 'its set is not one of two' }

const OTHER_DOWN: Verdict = { ...NO_RULE, why: 'the other one does not run' }

/** Keeps the rule until the signal aborts. */
export async function keepTwo(work: TwoWork, signal: AbortSignal): Promise<void> {
  const { clock, me } = work
  let [heard, answered] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const pass = async (): Promise<void> => {
    const shown = work.shown()
    const other = shown && otherOfTwo(shown, me)
    // Nothing is known yet, and nothing is said.
    if (shown === undefined) return
    if (other === undefined) return work.judged(NO_RULE)
    const asked = clock.now()
    const isDoubtful = asked - heard > DOUBT || memoryOf(shown).alone.length > 0
    const [isHeard, found] = await Promise.all([
      other.port === undefined ? false : work.hears(other.pc, other.port),
      isDoubtful ? soon(clock, work.cluster.volume()) : undefined,
    ])
    if (isHeard) heard = asked
    if (found !== undefined) answered = asked
    const { alone } = memoryOf(found ?? shown)
    const who = alone.includes(me) ? me : alone.includes(other.pc) ? other.pc : 'nobody'
    // The leader knows that the other one is down, or was not born yet: whoever went on alone is to be waited for, nobody else.
    if (other.port === undefined && who === 'nobody') return work.judged(OTHER_DOWN)
    const healed = who === me && isHeard && (await work.lacksNothing())
    const verdict = mayServe({ me, heard, answered, alone: who, healed }, clock.now())
    // What was written counts: with the mark it goes on, however late it is.
    const written =
      verdict.mark !== undefined && (await soon(clock, mark(work, other, verdict.mark))) === true
    const isAlone = verdict.mark === 'take' && written
    work.judged(isAlone ? { serve: true, mark: undefined, why: 'it goes on alone from now on' } : verdict)
    if (!verdict.serve && !isAlone) await work.stopBrick()
  }
  await turns(clock, { rest: () => EVERY, failed: work.failed }, signal, pass)
}

/** Undefined where no answer came, or none in time. */
const soon = async <T>(clock: Clock, call: Promise<T>): Promise<T | undefined> =>
  await inTime(clock, PATIENCE, call).catch(() => undefined)

/**
 * By compare and swap, over a volume whose set is still one of two and which the other one has not marked. Resolves with
 * whether it stands as asked.
 */
async function mark({ cluster, me }: TwoWork, other: Other, what: 'take' | 'give-back'): Promise<boolean> {
  const done = await changeMemory(cluster, (memory, live) => {
    if (otherOfTwo(live, me)?.pc !== other.pc) return undefined
    const rest = memory.alone.filter((pc) => pc !== me)
    if (what === 'give-back') return { ...memory, alone: rest }
    return memory.alone.includes(other.pc) || memory.alone.includes(me)
      ? undefined
      : { ...memory, alone: [...rest, me] }
  })
  if (done.state === 'contended' || done.object === undefined) return false
  return memoryOf(done.object).alone.includes(me) === (what === 'take')
}
