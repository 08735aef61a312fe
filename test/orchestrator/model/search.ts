import { textOf } from './canon.ts'
import { type Move, moves, type Rules } from './moves.ts'
import { beats, hasQuorum, isApiReady, serves, type World } from './world.ts'

/** Goes through all worlds that can come to be, the nearest first, and looks for one in which something is wrong. */

export interface Search {
  readonly worlds: number
  readonly steps: number
  /** All of them were looked at. */
  readonly complete: boolean
  /** What went wrong, and how it came to that. */
  readonly wrong: { readonly what: string; readonly way: readonly string[] } | undefined
}

export interface Bounds {
  /** Worlds at most. */
  readonly most: number
  /** Milliseconds at most, by a clock that is handed in. */
  readonly end?: () => boolean
}

export function search(start: World, rules: Rules, { most, end = () => false }: Bounds): Search {
  const first = textOf(start)
  const seen = new Map<number, number>([[hashOf(first), 0]])
  const parents = [-1]
  const names = ['']
  const healed: number[] = []
  const mayHeal: boolean[] = []
  /** For each world, those that lead to it by what helps. */
  const before: number[][] = [[]]
  let queue: (readonly [number, string])[] = [[0, first]]
  let steps = 0
  const way = (at: number, last?: string): string[] => {
    const back: string[] = last === undefined ? [] : [last]
    for (let one = at; one > 0; one = parents[one] ?? 0) back.unshift(names[one] ?? '')
    return back
  }
  const answer = (complete: boolean, wrong?: Search['wrong']): Search => ({
    worlds: seen.size,
    steps,
    complete,
    wrong,
  })
  while (queue.length > 0) {
    const next: (readonly [number, string])[] = []
    for (const [at, text] of queue) {
      if (seen.size > most || end()) return answer(false)
      const world = JSON.parse(text) as World
      mayHeal[at] = canHeal(world)
      if (isHealed(world)) healed.push(at)
      for (const one of moves(text, rules)) {
        steps++
        if (one.wrong !== undefined) return answer(false, { what: one.wrong, way: way(at, one.name) })
        const [index, isNew, after] = indexOf(one)
        if (one.helps) before[index]?.push(at)
        if (!isNew) continue
        parents[index] = at
        names[index] = one.name
        next.push([index, after])
      }
    }
    queue = next
  }
  const stuck = firstStuck(healed, mayHeal, before)
  return answer(
    true,
    stuck === undefined ? undefined : { what: 'L1: it cannot heal any more', way: way(stuck) },
  )

  function indexOf({ text }: Move): [index: number, isNew: boolean, text: string] {
    const hash = hashOf(text)
    const known = seen.get(hash)
    if (known !== undefined) return [known, false, text]
    const index = seen.size
    seen.set(hash, index)
    before[index] = []
    return [index, true, text]
  }
}

/** A world that should be able to heal, and from which no way leads to one that is. */
function firstStuck(
  healed: readonly number[],
  mayHeal: readonly boolean[],
  before: readonly (readonly number[])[],
): number | undefined {
  const good = new Uint8Array(before.length)
  const waiting = [...healed]
  for (const one of healed) good[one] = 1
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop())
    for (const earlier of before[one] ?? [])
      if (good[earlier] === 0) {
        good[earlier] = 1
        waiting.push(earlier)
      }
  const stuck = mayHeal.findIndex((may, at) => may && good[at] === 0)
  return stuck === -1 ? undefined : stuck
}

/** There is a quorum, nobody must be asked first, and enough PCs are there. */
function canHeal(world: World): boolean {
  const there = Object.values(world.machines).filter(
    (machine) => machine.fault === 'none' && machine.node !== null && machine.node.closedBy !== 'somebody',
  )
  return hasQuorum(world) && world.kept.halted === undefined && there.length >= world.kept.wanted
}

/** As many masters as are wanted, all of them well, and nothing left of how it came to that. */
function isHealed(world: World): boolean {
  const { members, kept, machines, secrets, runs } = world
  if (kept.operation !== undefined || members.length !== kept.wanted || secrets.length > 0) return false
  if (runs.some(({ at }) => at !== 'idle')) return false
  if (world.stepDown !== null && members.some(({ pc }) => pc === world.stepDown)) return false
  const areWell = members.every(
    (one) =>
      !one.learner && serves(world, one) && isApiReady(world, one.pc) && machines[one.pc]?.node?.master,
  )
  return areWell && Object.entries(machines).every(([name, machine]) => isClean(name, machine, members))
}

const isClean = (name: string, machine: World['machines'][string], members: World['members']): boolean =>
  machine.node === null ||
  !beats(machine) ||
  members.some(({ pc }) => pc === name) ||
  (!machine.keys && !machine.node.master && !machine.node.closedBy.startsWith('op@'))

/** 53 bits of a text (cyrb53): among a million worlds two are taken for one with a chance of 1 in 10,000. */
function hashOf(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}
