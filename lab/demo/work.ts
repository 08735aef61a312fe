import type { PartState } from './estimate.ts'

/** Something that must be there before a later step can be shown, and how it comes to be. */
export interface Part<Name extends string = string> {
  readonly name: Name
  /** What it takes on two cores, measured. */
  readonly seconds: number
  readonly lane: string
  readonly needs?: readonly Name[]
  /** Whether it is there already, so that nothing is to be done. */
  readonly isAtHand?: () => boolean
  readonly make: (say: (line: string) => void) => Promise<void>
}

/** Parts that are being made in the background, each lane one after the other. */
export interface Work<Name extends string> {
  /** Resolves when those are there. @throws with the error of the first that failed. */
  ready(...names: readonly Name[]): Promise<void>
  /** How far all of them are, in the order of the table. */
  states(): PartState[]
  /** Begins none any more; resolves when those that go on have ended, however. */
  stop(): Promise<void>
}

/** What is told of the work: a line of a part, or that it is done. */
export interface Listener {
  said(part: string, line: string): void
  done(part: PartState): void
}

/** Begins to make them. Once one has failed no further one is begun. */
export function begin<Name extends string>(parts: readonly Part<Name>[], listener: Listener): Work<Name> {
  const states = new Map(parts.map((part) => [part.name, startOf(part)]))
  const promises = new Map<Name, Promise<void>>()
  const lanes = new Map<string, Promise<unknown>>()
  let stopped = false

  const take = async (part: Part<Name>, before: Promise<unknown>): Promise<void> => {
    await before
    await Promise.all((part.needs ?? []).map((need) => promises.get(need)))
    if (stopped) throw new Error(`${part.name} was not begun`)
    if (states.get(part.name)?.state === 'at hand') return
    const began = performance.now()
    const set = (state: PartState['state']): PartState => {
      const now = { ...startOf(part), state, took: (performance.now() - began) / 1000 }
      states.set(part.name, now)
      return now
    }
    set('running')
    const tick = setInterval(() => set('running'), 1_000)
    try {
      await part.make((line) => listener.said(part.name, line))
    } catch (error) {
      stopped = true
      throw error
    } finally {
      clearInterval(tick)
    }
    listener.done(set('done'))
  }

  // All promises first, since a part may need one that stands further down in the table.
  const gate = Promise.withResolvers<void>()
  for (const part of parts) {
    const made = take(part, Promise.all([gate.promise, lanes.get(part.lane)]))
    // Whoever waits for it hears of its failure; the rest of its lane is not begun.
    made.catch(() => {})
    promises.set(part.name, made)
    lanes.set(part.lane, made)
  }
  gate.resolve()

  return {
    async ready(...names) {
      await Promise.all(names.map((name) => promises.get(name)))
    },
    states: () => parts.flatMap(({ name }) => states.get(name) ?? []),
    async stop() {
      stopped = true
      await Promise.allSettled(promises.values())
    },
  }
}

const startOf = ({ name, seconds, lane, needs = [], isAtHand }: Part): PartState => ({
  name,
  seconds,
  lane,
  needs,
  state: isAtHand?.() ? 'at hand' : 'waiting',
  took: 0,
})
