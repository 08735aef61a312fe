import { newestFirst, readName } from './decide.ts'

/** On which PCs copies shall lie, and which are to be carried there. Pure. */

/** A PC that may hold copies. */
export interface Holder {
  readonly name: string
  /** What fails together with it; undefined where nobody said. */
  readonly zone: string | undefined
  /** Names of the copies that it has; undefined while it cannot be asked. */
  readonly copies: readonly string[] | undefined
}

/** A copy that one PC is to have from another. */
export interface Carry {
  readonly copy: string
  readonly from: string
  readonly to: string
}

export interface Spread {
  readonly carries: readonly Carry[]
  /** Why the newest copy would still lie in too few places, when all of it is carried. */
  readonly lacks: string | undefined
}

/** So many PCs that can be asked have each copy, in as many zones as there are. */
const PLACES = 3
/** At once; the newest go first, and the others in the turns that follow. */
const AT_ONCE = 6

export function planSpread(holders: readonly Holder[], now: number): Spread {
  const asked = holders.filter(({ copies }) => copies !== undefined)
  const names = new Set(asked.flatMap(({ copies }) => copies ?? []))
  const copies = newestFirst(
    [...names].flatMap((name) => readName(name) ?? []),
    now,
  ).map(({ name }) => name)
  const wanted = Math.min(PLACES, asked.length)
  const carries = copies.flatMap((copy) => carriesOf(copy, asked, wanted)).slice(0, AT_ONCE)
  return { carries, lacks: lacksIn(copies[0], asked.length) }
}

function carriesOf(copy: string, asked: readonly Holder[], wanted: number): Carry[] {
  const has = asked.filter(({ copies }) => copies?.includes(copy))
  const [from] = has
  if (from === undefined) return []
  const chosen = [...has]
  while (chosen.length < wanted) {
    const next = nextOf(
      asked.filter((one) => !chosen.includes(one)),
      chosen,
    )
    if (next === undefined) break
    chosen.push(next)
  }
  return chosen.slice(has.length).map((to) => ({ copy, from: from.name, to: to.name }))
}

/** Another zone before anything; then whoever holds most already, so that copies stay together; then by name. */
function nextOf(free: readonly Holder[], chosen: readonly Holder[]): Holder | undefined {
  const zones = new Set(chosen.map(({ zone }) => zone))
  const isNew = ({ zone }: Holder): number => Number(zone !== undefined && !zones.has(zone))
  return [...free].sort(
    (a, b) =>
      isNew(b) - isNew(a) || (b.copies?.length ?? 0) - (a.copies?.length ?? 0) || (a.name < b.name ? -1 : 1),
  )[0]
}

function lacksIn(newest: string | undefined, asked: number): string | undefined {
  if (newest === undefined) return 'no PC that can be asked has a copy'
  if (asked >= PLACES) return undefined
  return `copies lie on ${asked} PCs, since no more can be asked: ${PLACES} are wanted`
}
