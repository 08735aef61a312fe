import { setMaxListeners } from 'node:events'
import { statfs } from 'node:fs/promises'
import { reasonOf } from '../../cluster/answer.ts'
import { UUID_PATTERN } from '../../config/home-marker.ts'
import { turns } from '../../service/turns.ts'
import { LAYOUT } from '../layout.ts'
import { otherSide, type Place, SHARED, type Side, type Wish, wantedSide } from '../places/facts.ts'
import type { MoveCluster } from './cluster.ts'
import { decide, isTooLong } from './decide.ts'
import type { Facts, Memory, Step, Trouble } from './facts.ts'
import { NO_MEMORY } from './facts.ts'
import type { PodCount } from './pods.ts'
import { moveRest, restIsLeft } from './rest.ts'
import type { MoveStatus } from './status.ts'
import { act, type Effects } from './step.ts'

export interface Work extends Effects {
  readonly roots: Readonly<Record<Side, string>>
  readonly cluster: MoveCluster
  readonly listener: Listener
  /** Ms between two looks. */
  readonly rhythm?: number
}

export interface Listener {
  stepped(name: string, step: Step, worked: boolean): void
  told(status: MoveStatus): void
  failed(error: unknown): void
}

/** Long ones, beside which somebody works; and short ones, for which somebody may wait. */
const SLOW: ReadonlySet<Step> = new Set(['copy', 'compare', 'drop'])
const RHYTHM = 5_000

const WHY: Readonly<Record<Trouble, string>> = {
  'place-taken': 'a home of that name is on the other side already: look at both, and move one of them away',
  'closed-by-hand': 'it belongs to root, and nobody here closed it: give it back to its person by chown',
  'not-found': 'neither the home nor its copy is where the record says; it stays held: see docs/storage.md',
}

const LEFT_BEHIND =
  'it stands in the directory, and another one of that name counts: move it away, then the move is over'

/** When the next look shall be. */
type Next = 'now' | 'soon' | 'later'

/** What one look shows, for both workers. */
interface Look {
  readonly wish: Wish
  readonly places: readonly Place[]
  readonly pods: PodCount
}

/** Moves homes as the administrator wishes, until the signal aborts. What is interrupted is gone on with from the disks. */
export async function keepMoving(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, listener, rhythm = RHYTHM } = work
  const memory = new Map<string, Memory>()
  const busy = new Map<string, Step>()
  const settled = new Map<string, string>()
  const troubles = new Map<string, string>()
  // Each program that runs listens for the end.
  setMaxListeners(0, signal)
  let finished = false
  let before = ''

  const look = async (): Promise<Look> => {
    const wish = await work.records.wish()
    const places = await work.records.all()
    // After the records: whoever comes later finds them as they are.
    return { wish, places, pods: await work.cluster.pods() }
  }

  const factsOf = async (place: Place, { wish, pods }: Look): Promise<Facts> => {
    const [from, here] = await Promise.all([
      work.disks.look('from', place.name),
      work.disks.look('here', place.name),
    ])
    const before = memory.get(place.name) ?? NO_MEMORY
    const count = pods(place.name)
    const now = clock.now()
    const waitedSince = place.held && count > 0 ? (before.waitedSince ?? now) : undefined
    const heldSince = place.held ? (before.heldSince ?? now) : undefined
    const known = { ...before, waitedSince, heldSince }
    memory.set(place.name, known)
    return { place, sides: { from, here }, wish, pods: count, memory: known, now }
  }

  const one = async (kind: 'slow' | 'quick', seen: Look): Promise<boolean> => {
    const { wish, places } = seen
    // Those whom somebody waits for first, the shared folder last.
    const order = [...places].sort((a, b) => rank(a) - rank(b))
    const homesLeft = places.some((place) => place.name !== SHARED && isUnsettled(place, wish))
    for (const place of order) {
      const { name } = place
      if (signal.aborted) return false
      if (busy.has(name) || (name === SHARED && homesLeft && place.held === undefined)) continue
      if (!isUnsettled(place, wish) && settled.get(name) === wish) continue
      const facts = await factsOf(place, seen)
      const { step, trouble } = decide(facts)
      const why = trouble ? WHY[trouble] : facts.memory.failed?.why
      if (why === undefined) troubles.delete(name)
      else troubles.set(name, why)
      if (step === undefined && !isUnsettled(place, wish)) settled.set(name, wish)
      if (step === undefined || SLOW.has(step) !== (kind === 'slow')) continue
      settled.delete(name)
      busy.set(name, step)
      const worked = await doOne(step, facts).finally(() => busy.delete(name))
      if (worked) return true
    }
    return false
  }

  /** @returns whether anything came of it */
  const doOne = async (step: Step, facts: Facts): Promise<boolean> => {
    const { name } = facts.place
    const bound = new AbortController()
    const end = (): void => bound.abort()
    signal.addEventListener('abort', end, { once: true })
    setMaxListeners(0, bound.signal)
    const watch = step === 'last-pass' ? watchHeld(facts, end) : undefined
    try {
      const left = await act(step, facts, work, bound.signal)
      const before = memory.get(name) ?? NO_MEMORY
      memory.set(name, { ...before, ...left })
      listener.stepped(name, step, left !== undefined)
      return left !== undefined && left.failed === undefined
    } catch (error) {
      const failed = { why: reasonOf(error), until: clock.now() + 60_000 }
      memory.set(name, { ...(memory.get(name) ?? NO_MEMORY), failed })
      listener.failed(error)
      return false
    } finally {
      signal.removeEventListener('abort', end)
      clearInterval(watch)
    }
  }

  /** Ends a last pass that keeps somebody too long, or that is not wanted any more. */
  const watchHeld = (facts: Facts, end: () => void): NodeJS.Timeout => {
    const check = async (): Promise<void> => {
      const seen = await look()
      const place = seen.places.find(({ name }) => name === facts.place.name)
      if (place === undefined || place.version !== facts.place.version) return end()
      const now = await factsOf(place, seen)
      if (isTooLong(now) || wantedSide(seen.wish, place.side) === place.side) end()
    }
    const timer = setInterval(() => void check().catch(() => {}), Math.min(2_000, rhythm))
    timer.unref()
    return timer
  }

  /** The files that keep either storage from being used alone. @returns whether the move is over */
  const guard = async ({ wish, places }: Look): Promise<boolean> => {
    const { disks } = work
    if (await disks.has('from', LAYOUT.left)) {
      for (const side of ['from', 'here'] as const) await disks.lift(side, LAYOUT.unfinished)
      return true
    }
    const apart = places.some((place) => place.side === 'here' || place.held !== undefined)
    if (wish === 'over' || wish === 'finish' || apart) {
      for (const side of ['from', 'here'] as const) await disks.lay(side, LAYOUT.unfinished)
    } else for (const side of ['here', 'from'] as const) await disks.lift(side, LAYOUT.unfinished)
    return false
  }

  const finish = async (seen: Look): Promise<void> => {
    const left = (await work.disks.homes('from')).filter((name) => UUID_PATTERN.test(name))
    if (seen.places.some((place) => place.side !== 'here' || place.held)) return
    if (left.length > 0) {
      troubles.set(left[0] ?? '', LEFT_BEHIND)
      return
    }
    troubles.clear()
    await work.disks.lay('from', LAYOUT.left)
  }

  const tell = async (seen: Look, done: boolean): Promise<void> => {
    const unsettled = seen.places.filter((place) => isUnsettled(place, seen.wish))
    const ready = unsettled.filter((place) => place.compared !== undefined && seen.pods(place.name) > 0)
    const status: MoveStatus = {
      wish: seen.wish,
      moved: seen.places.length - unsettled.length,
      toGo: unsettled.length,
      waiting: ready.filter(({ held }) => held === undefined).length,
      held: seen.places.filter(({ held }) => held).length,
      done,
      finished,
      from: await spaceOf(work.roots.from),
      here: await spaceOf(work.roots.here),
      now: [...busy].map(([name, step]) => ({ name, step })),
      troubles: [...troubles].slice(0, 20).map(([name, why]) => ({ name, why })),
    }
    const text = JSON.stringify(status)
    if (text === before) return
    await work.cluster.tell(status)
    before = text
    listener.told(status)
  }

  const rests: Readonly<Record<Next, number>> = { now: 0, soon: rhythm, later: rhythm * 6 }
  const worker = (kind: 'slow' | 'quick'): Promise<void> =>
    turns(
      clock,
      { rest: (next: Next | undefined) => rests[next ?? 'soon'], failed: listener.failed },
      signal,
      async () => {
        const missing = await work.disks.missing()
        if (missing !== undefined) throw new Error(missing)
        const seen = await look()
        if (kind === 'quick') finished = await guard(seen)
        if (finished) {
          if (kind === 'quick') await tell(seen, true)
          return 'later'
        }
        if (await one(kind, seen)) return 'now'
        const idle = seen.wish === 'stay' ? 'later' : 'soon'
        if (kind !== 'quick') return idle
        const unsettled = seen.places.some((place) => isUnsettled(place, seen.wish))
        const moves = seen.wish !== 'stay' && !unsettled && busy.size === 0
        const left = moves && (await restIsLeft(work.roots, sidesOf(seen.wish)))
        if (left) await moveRest(work, sidesOf(seen.wish), signal)
        if (moves && !left && seen.wish === 'finish') await finish(seen)
        await tell(seen, moves && !left)
        return left ? 'now' : idle
      },
    )
  await Promise.all([worker('slow'), worker('quick')])
}

const sidesOf = (wish: Wish): { readonly source: Side; readonly target: Side } => {
  const target = wantedSide(wish, 'from')
  return { source: otherSide(target), target }
}

const isUnsettled = (place: Place, wish: Wish): boolean =>
  place.held !== undefined || wantedSide(wish, place.side) !== place.side

const rank = ({ name, held, compared }: Place): number =>
  held ? 0 : name === SHARED ? 3 : compared === undefined ? 2 : 1

const STEP = 64 * 1024 * 1024

async function spaceOf(path: string): Promise<{ used: number; free: number }> {
  const { bsize, blocks, bfree, bavail } = await statfs(path)
  // In steps, so that not every byte that somebody writes is told.
  const rough = (bytes: number): number => Math.floor(bytes / STEP) * STEP
  return { used: rough((blocks - bfree) * bsize), free: rough(bavail * bsize) }
}
