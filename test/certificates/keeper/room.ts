import { decide } from '../../../certificates/keeper/decide.ts'
import type { Authority, Delays, Facts, Memory } from '../../../certificates/keeper/facts.ts'

/**
 * A room as a rotation meets it, in one thread: Secrets and places that are written by compare and swap, programs that
 * hear of them late, servers that take their leaf up late, and keepers that are cut off between any two calls.
 */

export const YEAR = 365 * 24 * 60 * 60 * 1_000
/** What readers and followers take at most. */
export const SLOWEST = 40
export const DELAYS: Delays = { soak: 50, settle: 50 }

interface Versioned<T> {
  version: number
  value: T
}

interface Standing {
  readonly signs: string
  readonly next: string | undefined
  readonly former: string | undefined
  readonly asked: boolean
}

/** Somebody who has a copy of something, since when it is out of date, and how late it may be. */
interface Follower<T> {
  readonly of: number
  copy: T
  staleSince: number | undefined
  readonly latest: number
}

export interface Variant {
  readonly delays?: Delays
  /** What a program that writes an old answer over a new one would do: asks before it reads what it will write. */
  readonly asksFirst?: boolean
  /** Looks at nobody's leaf. */
  readonly blind?: boolean
}

export class Room {
  now = 0
  wall = 10 * YEAR
  made = 1
  readonly authority: Versioned<Standing> = {
    version: 0,
    value: { signs: 'a0', next: undefined, former: undefined, asked: false },
  }
  readonly places: Versioned<readonly string[]>[] = [0, 1, 2].map(() => ({ version: 0, value: ['a0'] }))
  readonly leaves: Versioned<string>[] = [0, 1].map(() => ({ version: 0, value: 'a0' }))
  readonly readers: Follower<readonly string[]>[] = [0, 1, 2, 0].map((of) => ({
    of,
    copy: ['a0'],
    staleSince: undefined,
    latest: SLOWEST,
  }))
  /** The first may take for ever, and is looked at; the second shows its leaf to nobody who looks. */
  readonly servers: Follower<string>[] = [
    { of: 0, copy: 'a0', staleSince: undefined, latest: Number.POSITIVE_INFINITY },
    { of: 1, copy: 'a0', staleSince: undefined, latest: SLOWEST },
  ]
  /** Places that somebody else emptied, and who heard of it, until they are whole again: that is not the keeper's fault. */
  readonly bent = new Set<number>()
  readonly born = new Map<string, number>([['a0', 0]])
  readonly variant: Variant

  constructor(variant: Variant = {}) {
    this.variant = variant
  }

  /** What is served and not trusted by everybody, if anything. */
  fault(): string | undefined {
    const trusted = [
      ...this.places.flatMap(({ value }, of) => (this.bent.has(of) ? [] : [{ who: `place ${of}`, value }])),
      ...this.readers.flatMap(({ copy, of }, number) =>
        this.bent.has(of) ? [] : [{ who: `reader ${number}`, value: copy }],
      ),
    ]
    const served = [
      ...this.leaves.map(({ value }, of) => ({ what: `leaf ${of}`, by: value })),
      ...this.servers.map(({ copy }, number) => ({ what: `server ${number}`, by: copy })),
    ]
    for (const { who, value } of trusted)
      for (const { what, by } of served) if (!value.includes(by)) return `${who} does not trust ${what}`
    return undefined
  }

  ask(): void {
    this.write(this.authority, this.authority.version, { ...this.authority.value, asked: true })
  }

  pass(time: number): void {
    // In small steps, so that whoever is late is late by no more than it may be.
    for (let left = time; left > 0; left -= 10) {
      this.now += Math.min(10, left)
      for (const one of this.readers) this.hears(one, this.places, false)
      for (const one of this.servers) this.hears(one, this.leaves, false)
    }
  }

  reader(number: number): void {
    const one = this.readers[number]
    if (one) this.hears(one, this.places, true)
  }

  server(number: number): void {
    const one = this.servers[number]
    if (one) this.hears(one, this.leaves, true)
  }

  empty(place: number): void {
    const one = this.places[place]
    if (!one) return
    this.bent.add(place)
    this.write(one, one.version, [])
  }

  private hears<T>(one: Follower<T>, all: readonly Versioned<T>[], now: boolean): void {
    const value = all[one.of]?.value
    if (value === undefined || value === one.copy) {
      one.staleSince = undefined
      return
    }
    one.staleSince ??= this.now
    if (!now && this.now - one.staleSince < one.latest) return
    one.copy = value
    one.staleSince = undefined
    this.mended()
  }

  /** A place is whole when it holds again what it should, and all have heard of that. */
  private mended(): void {
    for (const of of this.bent) {
      const value = this.places[of]?.value ?? []
      if (value.length > 0 && this.readers.every((one) => one.of !== of || one.copy === value))
        this.bent.delete(of)
    }
  }

  private write<T>(what: Versioned<T>, version: number, value: T): boolean {
    if (what.version !== version) return false
    what.version++
    what.value = value
    for (const one of [...this.readers, ...this.servers]) one.staleSince ??= this.now
    return true
  }

  private trusted(): readonly string[] {
    const { signs, next, former } = this.authority.value
    return [signs, next, former].filter((one) => one !== undefined)
  }

  private of(id: string): Authority {
    const notBefore = this.born.get(id) ?? 0
    return { id, notBefore, notAfter: notBefore + 20 * YEAR }
  }

  /** One keeper, for ever: between any two of its calls others come, or it is gone. Yields whether the next one writes. */
  *keeper(): Generator<'reads' | 'writes'> {
    let memory: Memory
    for (;;) {
      for (const place of this.places) {
        yield 'reads'
        let told = this.trusted()
        if (this.variant.asksFirst) yield 'reads'
        const { version, value } = place
        yield 'reads'
        if (!this.variant.asksFirst) told = this.trusted()
        if (told.join() === value.join()) continue
        yield 'writes'
        this.write(place, version, told)
        this.mended()
      }
      for (const leaf of this.leaves) {
        yield 'reads'
        const { version, value } = leaf
        yield 'reads'
        const { signs } = this.authority.value
        if (signs === value) continue
        yield 'writes'
        this.write(leaf, version, signs)
      }
      yield 'reads'
      const { version, value } = this.authority
      const places: Facts['places'][number][] = []
      for (const [number, place] of this.places.entries()) {
        yield 'reads'
        places.push({ place: `place ${number}`, holds: place.value })
      }
      const leaves: Facts['leaves'][number][] = []
      for (const [number, leaf] of this.leaves.entries()) {
        yield 'reads'
        leaves.push({ leaf: `leaf ${number}`, by: leaf.value })
      }
      yield 'reads'
      leaves.push({ leaf: 'server 0', by: this.servers[0]?.copy })
      yield 'reads'
      const facts: Facts = {
        signs: this.of(value.signs),
        next: value.next === undefined ? undefined : this.of(value.next),
        former: value.former === undefined ? undefined : this.of(value.former),
        asked: value.asked,
        places,
        leaves: this.variant.blind ? [] : leaves,
        wall: this.wall,
        now: this.now,
      }
      const verdict = decide(facts, memory, this.variant.delays ?? DELAYS)
      memory = verdict.memory
      if (verdict.move === undefined) continue
      const after = this.moved(value, verdict.move)
      yield 'writes'
      this.write(this.authority, version, after)
    }
  }

  private moved(before: Standing, move: 'begin' | 'switch' | 'retire'): Standing {
    switch (move) {
      case 'begin': {
        const next = `a${this.made++}`
        this.born.set(next, this.wall)
        return { ...before, next, asked: false }
      }
      case 'switch':
        return { ...before, signs: before.next ?? '', next: undefined, former: before.signs }
      case 'retire':
        return { ...before, former: undefined }
    }
  }

  /** Everybody gets their turn, and time passes, until nothing is under way. */
  settle(keeper = this.keeper()): void {
    for (let turn = 0; turn < 600; turn++) {
      for (let call = 0; call < 12; call++) keeper.next()
      this.pass(10)
      if (turn % 3 === 0) this.server(0)
      const wrong = this.fault()
      if (wrong !== undefined) throw new Error(wrong)
    }
  }

  /** How it stands when nothing is under way: one authority, known to everybody, that signed everything. */
  end(): string | undefined {
    const { signs, next, former, asked } = this.authority.value
    const all = [
      ...this.places.map(({ value }) => value.join()),
      ...this.readers.map(({ copy }) => copy.join()),
      ...this.leaves.map(({ value }) => value),
      ...this.servers.map(({ copy }) => copy),
    ]
    return next === undefined && former === undefined && !asked && all.every((one) => one === signs)
      ? signs
      : undefined
  }
}
