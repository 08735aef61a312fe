import { UNCLAIMED_LOCK } from '../../config/home-lock.ts'
import type { Clock } from '../../service/clock.ts'
import {
  after,
  fenced,
  type Generation,
  isWon,
  overdue,
  RULES,
  type Rules,
  type Turn,
  type Watch,
  wait,
} from './decide.ts'
import type { LockStore } from './store.ts'

/** What is told while a lock is won and held; `onFenced` must end the session before it returns. */
export interface Listener {
  waiting(turn: Extract<Turn, { step: 'wait' }>): void
  failed(error: unknown): void
  onFenced(reason: string): void
}

/** A home that this pod has. */
export interface Holding {
  readonly generation: number
  /** Ends the heartbeat and lets the next pod in at once. Only after the session has ended. */
  release(): Promise<void>
}

/** How often a waiter looks. */
const LOOK = 1_000

/**
 * Waits for the home and takes it; undefined when the signal aborts before. From then on the heartbeat goes on by
 * itself, and `onFenced` is called once if the home is another's or the heartbeat cannot be written in time.
 *
 * @param chance a whole number from 0 to below CHANCE, new at every call
 * @param seen what was seen of the lock before, if anything
 */
export async function winHome(
  store: LockStore,
  me: string,
  clock: Clock,
  chance: () => number,
  listener: Listener,
  signal: AbortSignal,
  { seen, rules = RULES }: { readonly seen?: Watch | undefined; readonly rules?: Rules } = {},
): Promise<Holding | undefined> {
  let watch = seen
  while (!signal.aborted) {
    try {
      const began = clock.now()
      const generations = await store.look()
      const turn = wait(me, generations, watch, { began, ended: clock.now() }, rules)
      if (turn.step === 'lay') await store.lay(UNCLAIMED_LOCK)
      else if (turn.step === 'take') {
        watch = undefined
        const since = clock.now()
        const generation = after(turn.from, chance())
        if (await claimed(store, me, turn.from, generation, generations)) {
          // The claim is as good as a heartbeat, if it did not take too long.
          if (overdue(since, clock.now(), rules)) continue
          for (const old of generations) await store.drop(old.generation).catch(listener.failed)
          return hold(store, me, generation, since, clock, listener, rules)
        }
      } else {
        watch = turn.watch
        listener.waiting(turn)
      }
    } catch (error) {
      listener.failed(error)
    }
    await clock.sleep(LOOK, signal)
  }
  return undefined
}

/** Claims a generation and looks again: where the lock was laid out twice, another may have claimed it, too. */
async function claimed(
  store: LockStore,
  me: string,
  from: number,
  generation: number,
  before: readonly Generation[],
): Promise<boolean> {
  if (!(await store.take(from, generation))) return false
  await store.write({ pod: me, generation, heartbeat: 0, free: false })
  if (isWon(generation, before, await store.look())) return true
  await store.drop(generation)
  return false
}

function hold(
  store: LockStore,
  me: string,
  generation: number,
  since: number,
  clock: Clock,
  listener: Listener,
  rules: Rules,
): Holding {
  const ending = new AbortController()
  let lastGood = since
  let heartbeat = 0
  const fence = (reason: string): void => {
    if (ending.signal.aborted) return
    ending.abort()
    listener.onFenced(reason)
  }

  const beat = async (): Promise<void> => {
    const began = clock.now()
    const generations = await store.look()
    const reason = fenced(me, generation, generations)
    if (reason !== undefined) return fence(reason)
    if (ending.signal.aborted) return
    const said = { pod: me, generation, heartbeat: ++heartbeat, free: false }
    // The person has removed it, and nobody else has come.
    if (generations.length === 0) await store.lay(said)
    else await store.write(said)
    lastGood = began
  }
  const beats = async (): Promise<void> => {
    await clock.sleep(Math.max(0, since + rules.beat - clock.now()), ending.signal)
    while (!ending.signal.aborted) {
      const began = clock.now()
      const failed = await beat().then(
        () => false,
        (error) => {
          listener.failed(error)
          return true
        },
      )
      await clock.sleep(failed ? LOOK : began + rules.beat - clock.now(), ending.signal)
    }
  }
  // Apart from the heartbeat: a file system that hangs does not fail, and must not keep this from being seen.
  const guard = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      if (overdue(lastGood, clock.now(), rules)) {
        return fence(`no heartbeat could be written for ${rules.giveUp / 1_000} s`)
      }
      await clock.sleep(lastGood + rules.giveUp - clock.now(), ending.signal)
    }
  }
  const running = beats()
  void guard()
  return {
    generation,
    async release() {
      if (ending.signal.aborted) return
      ending.abort()
      await running
      const reason = fenced(me, generation, await store.look())
      if (reason === undefined) await store.write({ pod: me, generation, heartbeat: ++heartbeat, free: true })
    },
  }
}
