import type { Clock } from '../../../service/clock.ts'
import { type Bell, turns } from '../../../service/turns.ts'
import type { Brick, Memory } from '../plan/facts.ts'
import { emptyBrick, lookAtBrick, prepareBrick, removeOld } from './brick.ts'
import { decide } from './decide.ts'
import type { Inside, OwnDecision, OwnFacts, Places } from './facts.ts'
import {
  hasKeys,
  layRevocations,
  poolOf,
  runningIn,
  startGlusterd,
  stopGlusterd,
  wipeState,
} from './glusterd.ts'

export interface OwnWork {
  readonly me: string
  readonly inside: Inside
  readonly places: Places
  readonly clock: Clock
  /** As the API server showed it last. */
  readonly memory: () => Memory | 'unread'
  /** Whether the names of all PCs were written down. */
  readonly names: () => boolean
  /** Whether the rule of two bricks lets this one run. */
  readonly mayServe: () => boolean
  /** Tells the room what was seen; a failure is told again at the next look. */
  readonly publish: (facts: OwnFacts) => Promise<void>
  readonly listener: OwnListener
  readonly bell: Bell
}

export interface OwnListener {
  passed(facts: OwnFacts, decision: OwnDecision): void
  failed(error: unknown): void
}

/** Ms to the next look, and after something was done. */
const RHYTHM = { idle: 5_000, soon: 500 }

/** Keeps glusterd and the brick of this PC as the room's memory says, until the signal aborts. Both stay then. */
export async function keepPc(work: OwnWork, signal: AbortSignal): Promise<void> {
  const { clock, bell, listener } = work
  const removal = inBackground(() => removeOld(work.inside, work.places), listener.failed)
  const rest = (decision: OwnDecision | undefined): number =>
    decision?.change === undefined ? RHYTHM.idle : RHYTHM.soon
  await turns(clock, { rest, failed: listener.failed, bell }, signal, () => pass(work, removal))
}

async function pass(work: OwnWork, removal: () => void): Promise<OwnDecision> {
  const { inside, places, listener } = work
  const facts = await look(work)
  const decision = decide(facts)
  listener.passed(facts, decision)
  if (decision.change === 'stop') await stopGlusterd(inside)
  if (decision.change === 'wipe') await wipeState(inside, places)
  if (decision.change === 'empty') await emptyBrick(inside, places)
  if (decision.change === 'start') {
    // Before anybody hears its glusterd: until then the room counts on the disk that it had before.
    await work.publish(facts)
    await startGlusterd(inside, places)
  } else if (facts.glusterd && decision.change === undefined) await layRevocations(inside, places)
  if (facts.brick !== 'unread' && facts.brick.fault === undefined) {
    if (decision.change !== 'empty') await prepareBrick(inside, places)
    removal()
  }
  // What was done is not what was seen: it is told at the next look, which comes soon.
  await work.publish(facts)
  return decision
}

/** Begins the work unless it is under way. */
function inBackground(work: () => Promise<void>, failed: (error: unknown) => void): () => void {
  let busy = false
  return () => {
    if (busy) return
    busy = true
    void work()
      .catch(failed)
      .finally(() => {
        busy = false
      })
  }
}

async function look({ me, inside, places, memory, names, mayServe, listener }: OwnWork): Promise<OwnFacts> {
  const brick = await lookAtBrick(inside, places, me).catch((error: unknown): Brick | 'unread' => {
    listener.failed(error)
    return 'unread'
  })
  const [pool, keys, running] = await Promise.all([
    poolOf(inside, places),
    hasKeys(inside, places),
    runningIn(inside),
  ])
  return { me, memory: memory(), brick, pool, keys, names: names(), mayServe: mayServe(), ...running }
}
