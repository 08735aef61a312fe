import type { Copied, Copies } from '../../../storage/move/copy.ts'
import { decide } from '../../../storage/move/decide.ts'
import type { Disks } from '../../../storage/move/disk.ts'
import { type Facts, type Memory, NO_MEMORY, type Step } from '../../../storage/move/facts.ts'
import { act, type Effects } from '../../../storage/move/step.ts'
import type { PlaceRecords } from '../../../storage/places/cluster.ts'
import { otherSide, type Place, type Side, type Wish } from '../../../storage/places/facts.ts'

/**
 * One person, two storages, PCs and movers, in which anything may end at any call. What moves the home is the real
 * decision and the real steps; storages, records and PCs are as they would be.
 */

export const NAME = '00000000-0000-4000-8000-000000000001'
const OWNER = { uid: 10_001, gid: 10_000 }

/** A directory: whoever has it open keeps it, wherever it is renamed to. */
interface Folder {
  open: boolean
  /** What was written into it. */
  readonly texts: Set<number>
}
type Where = 'home' | 'staged' | 'aside'

interface Pc {
  /** What its mount shows: it stays when its pod has ended, until it is taken off. */
  bound: Folder | undefined
  /** A pod runs there: known to the API server, or deleted by force while its PC was cut off. */
  pod: 'none' | 'known' | 'ghost'
  /** What its mounter has read, and has not acted on yet. */
  read: Place | undefined
  /** When its desktop could last write its lock, and where: only there has it anything open. */
  beat: number
  entered: Folder | undefined
  /** Whether what its mounter has read was read for this pod. */
  fresh: boolean
  /** Whether its pod was shown the home by a mounter that had read the record for it, and not by a mount that was left. */
  shown: boolean
}

export class Crash extends Error {}
/** What a file system says of what is not there, or is there already. */
class FileError extends Error {}

export interface Chance {
  /** Whether the next call ends before it, or after it without an answer. */
  trouble(): 'none' | 'before' | 'after'
  /** A number from 0 below that. */
  below(most: number): number
}

export interface Breaks {
  /** A mounter that shows homes that are held. */
  readonly blind?: boolean
}

export class Room {
  readonly folders: Record<Side, Record<Where, Folder | undefined>> = {
    from: { home: { open: true, texts: new Set() }, staged: undefined, aside: undefined },
    here: { home: undefined, staged: undefined, aside: undefined },
  }
  place: Place | undefined = { name: NAME, version: '1', side: 'from' }
  wish: Wish = 'over'
  now = 0
  readonly pcs: Pc[] = [0, 1].map(() => ({
    bound: undefined,
    pod: 'none',
    read: undefined,
    beat: 0,
    entered: undefined,
    fresh: false,
    shown: false,
  }))
  readonly written = new Set<number>()
  readonly memories: Memory[] = [NO_MEMORY, NO_MEMORY]
  private readonly looked: (Facts | undefined)[] = [undefined, undefined]
  private readonly chance: Chance
  private readonly breaks: Breaks
  private readonly effects: Effects

  constructor(chance: Chance, breaks: Breaks = {}) {
    this.chance = chance
    this.breaks = breaks
    const clock = {
      now: () => this.now,
      wall: () => new Date(this.now),
      sleep: async (ms: number) => this.pass(ms),
    }
    this.effects = {
      disks: this.disks(),
      records: this.records(),
      copies: this.copies(),
      clock: clock as Effects['clock'],
    }
  }

  pass(ms: number): void {
    this.now += ms
    for (const pc of this.pcs) {
      if (pc.pod === 'none' || pc.bound === undefined) continue
      if (pc.bound.open) [pc.beat, pc.entered] = [this.now, pc.bound]
      // Its bridge ends the session when it has not reached its lock for so long.
      else if (this.now - pc.beat >= 15_000) pc.pod = pc.pod === 'ghost' ? 'none' : pc.pod
    }
  }

  /** One call of the mover: it may die before or after it. */
  private async call<T>(work: () => T): Promise<T> {
    this.pass(100)
    const trouble = this.chance.trouble()
    if (trouble === 'before') throw new Crash('before')
    const result = work()
    this.check()
    if (trouble === 'after') throw new Crash('after')
    return result
  }

  /** What must be so at every moment. */
  check(): void {
    const { from, here } = this.folders
    if (from.home?.open && here.home?.open) throw new Error('both directories are open')
    for (const side of ['from', 'here'] as const) {
      if (this.folders[side].aside?.open) throw new Error('what was moved away is open')
    }
    const place = this.place
    if (place === undefined || place.held !== undefined) return
    const home = this.folders[place.side].home
    if (home === undefined || !home.open) throw new Error('a home that is not held is closed')
    for (const text of this.written) if (!home.texts.has(text)) throw new Error('something is lost')
  }

  private disks(): Disks {
    const { folders } = this
    const on = (side: Side, where: Where): Folder => {
      const found = folders[side][where]
      if (found === undefined) throw new FileError(`no ${where}`)
      return found
    }
    const move = (side: Side, from: Where, to: Where): void => {
      if (folders[side][to] !== undefined && to !== 'aside') throw new FileError('is there already')
      folders[side][to] = on(side, from)
      folders[side][from] = undefined
    }
    return {
      at: (side) => ({ home: `${side} home`, staged: `${side} staged`, aside: `${side} aside` }),
      missing: async () => undefined,
      look: async (side) => {
        const { home, staged, aside } = folders[side]
        return {
          home: home === undefined ? 'absent' : home.open ? 'open' : 'closed',
          ...OWNER,
          staged: staged !== undefined,
          aside: aside !== undefined,
        }
      },
      homes: async () => [],
      close: (side) =>
        this.call(() => {
          const home = on(side, 'home')
          const under = this.pcs.some(({ pod, bound, shown }) => pod === 'known' && shown && bound === home)
          if (under && !this.breaks.blind) throw new Error('a home was closed under its desktop')
          home.open = false
        }),
      open: (side) =>
        this.call(() => {
          on(side, 'home').open = true
        }),
      place: (side) => this.call(() => move(side, 'staged', 'home')),
      putAside: (side) => this.call(() => move(side, 'home', 'aside')),
      putFolderAside: async () => {},
      prepare: (side) =>
        this.call(() => {
          if (folders[side].aside && !folders[side].staged) move(side, 'aside', 'staged')
        }),
      drop: (side) =>
        this.call(() => {
          folders[side].staged = undefined
        }),
      beat: async (side) => {
        const home = on(side, 'home')
        const living = this.pcs.find(({ pod, bound }) => pod !== 'none' && bound === home)
        return living && `${living.beat}`
      },
      time: async () => this.now / 1_000,
      lay: async () => {},
      lift: async () => {},
      has: async () => false,
    }
  }

  private copies(): Copies {
    const copy = async (from: string): Promise<Copied> => {
      const side = from.startsWith('from') ? 'from' : 'here'
      const source = this.folders[side].home
      if (source === undefined) return { state: 'failed', why: 'no home' }
      const at = this.folders[otherSide(side)]
      at.staged ??= { open: false, texts: new Set() }
      const { texts } = at.staged
      // One that is ended leaves a part.
      for (const text of source.texts) if (this.chance.below(4) > 0) texts.add(text)
      await this.call(() => {})
      texts.clear()
      for (const text of source.texts) texts.add(text)
      await this.call(() => {})
      return { state: 'done', bytes: 0, files: 0 }
    }
    return {
      all: ({ from }) => copy(from),
      last: ({ from }) => copy(from),
      add: ({ from }) => copy(from),
    }
  }

  private records(): PlaceRecords {
    const swap: PlaceRecords['swap'] = (over, { side, held, compared }) =>
      this.call(() => {
        if (this.place?.version !== over.version) return undefined
        const version = `${Number(over.version) + 1}`
        this.place = {
          name: NAME,
          version,
          side,
          ...(held === undefined ? {} : { held }),
          ...(compared === undefined ? {} : { compared }),
        }
        return this.place
      })
    return {
      all: async () => (this.place ? [this.place] : []),
      one: async () => this.place,
      make: async () => {},
      swap,
      remove: async () => {
        throw new Error('a home that is there was forgotten')
      },
      wish: async () => this.wish,
    }
  }

  /** A mover looks; it acts later, perhaps after another one has. */
  async look(mover: number): Promise<void> {
    const place = this.place
    if (place === undefined) return
    const before = this.memories[mover] ?? NO_MEMORY
    const pods = this.pcs.filter(({ pod }) => pod === 'known').length
    const { disks } = this.effects
    const memory = {
      ...before,
      waitedSince: place.held && pods > 0 ? (before.waitedSince ?? this.now) : undefined,
      heldSince: place.held ? (before.heldSince ?? this.now) : undefined,
    }
    this.memories[mover] = memory
    const sides = { from: await disks.look('from', NAME), here: await disks.look('here', NAME) }
    this.looked[mover] = { place, sides, wish: this.wish, pods, memory, now: this.now }
  }

  /** @returns the step that was done, if any */
  async act(mover: number): Promise<Step | undefined> {
    const facts = this.looked[mover]
    this.looked[mover] = undefined
    if (facts === undefined) return undefined
    const { step } = decide(facts)
    if (step === undefined) return undefined
    try {
      const left = await act(step, facts, this.effects, new AbortController().signal)
      this.memories[mover] = { ...(this.memories[mover] ?? NO_MEMORY), ...left }
    } catch (error) {
      if (error instanceof FileError) return step
      if (!(error instanceof Crash)) throw error
      // Killed, and started anew; or only the answer was lost.
      if (this.chance.below(2) === 0) this.memories[mover] = NO_MEMORY
    }
    return step
  }

  startPod(pc: number): void {
    const at = this.pcs[pc]
    if (at?.pod !== 'none') return
    at.pod = 'known'
    at.entered = undefined
    at.shown = false
    at.fresh = false
    this.pass(0)
  }

  /** It ended in peace, or its pod was deleted by force while its PC was cut off. */
  endPod(pc: number, force: boolean): void {
    const at = this.pcs[pc]
    if (at?.pod === 'known') at.pod = force && at.bound ? 'ghost' : 'none'
  }

  mounterReads(pc: number): void {
    const at = this.pcs[pc]
    if (at?.pod === 'known') [at.read, at.fresh] = [this.place, true]
  }

  mounterActs(pc: number): void {
    const at = this.pcs[pc]
    if (at === undefined) return
    const { read } = at
    at.read = undefined
    if (at.pod === 'none' && this.chance.below(2) === 0) at.bound = undefined
    if (read === undefined || (read.held !== undefined && !this.breaks.blind)) return
    const home = this.folders[read.side].home
    // A mount that answers stays while a pod uses it; what shows another directory is taken off first.
    if (home !== undefined && (at.bound === undefined || !at.bound.open)) {
      at.bound = home
      at.shown = at.pod === 'known' && at.fresh
    }
  }

  /** Whoever sits there saves something, where their desktop lets them. */
  write(pc: number, text: number): void {
    const at = this.pcs[pc]
    if (!at?.bound || at.pod === 'none') return
    // What it had open before it was closed is still written to until the desktop ends.
    const late = at.entered === at.bound && this.now - at.beat < 15_000
    if (!at.bound.open && !late) return
    at.bound.texts.add(text)
    this.written.add(text)
    this.check()
  }

  /** Everybody goes home, and a mover has all the time. @returns whether it comes to rest as wished */
  async settle(): Promise<boolean> {
    for (const pc of [0, 1]) {
      this.endPod(pc, false)
      const at = this.pcs[pc]
      if (at) [at.pod, at.bound] = ['none', undefined]
    }
    for (let looks = 0; looks < 60; looks++) {
      this.pass(60 * 60_000)
      const memory = this.memories[0] ?? NO_MEMORY
      this.memories[0] = { ...memory, heldSince: undefined, copied: memory.copied && this.now }
      await this.look(0)
      await this.act(0)
    }
    const { place } = this
    const wanted = this.wish === 'over' ? 'here' : 'from'
    return place?.side === wanted && place.held === undefined && this.folders[wanted].home?.open === true
  }
}
