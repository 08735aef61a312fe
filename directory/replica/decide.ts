import { hasAll, isEmpty, type Stamps } from '../stamps.ts'
import type { Facts, Memory, Verdict } from './facts.ts'

/** Ms for which a server may lack what another one has: longer than any change takes from one to the next. */
const LAG = 5_000
/** Ms without enough others after which a server takes no more writes: nobody could confirm them. */
const ALONE = 6_000

export const NOTHING_YET: Memory = { compared: false, had: new Map(), owed: new Map(), aloneSince: undefined }

/** Whose turn it is to begin where nobody ever wrote: a server that was alone before is the one with that number. */
const FIRST = 0

/**
 * Whether this server may be read, and may take writes. A change is confirmed when a second server has it, so any
 * majority of the servers has among it one that has every confirmed change: until a server was compared with so many, it
 * is not known to have them all, however much it has.
 */
export function judge(facts: Facts, before: Memory, now: number): Verdict {
  const { ordinal, count, own, others, begun } = facts
  const memory = own === undefined ? before : remembered(before, own)
  const enough = others.size + 1 > count / 2
  const aloneSince = enough ? undefined : (memory.aloneSince ?? now)
  if (own === undefined) {
    return verdict(['slapd does not answer'], { ...memory, aloneSince })
  }
  const ahead = [...others].filter(([, stamps]) => !hasAll(own, stamps)).map(([other]) => other)
  const mayFound = begun === false && ordinal === FIRST && enough && ahead.length === 0
  if (isEmpty(own)) {
    const lacks = [mayFound ? 'nobody is in it yet' : emptyBecause(facts, ahead)]
    return verdict(lacks, { ...memory, aloneSince }, mayFound, mayFound)
  }
  const owed = owedAt(facts, own, memory, now)
  const next = { ...memory, owed, aloneSince }
  if (!memory.compared) {
    const lacks = notCompared(facts, enough, ahead)
    const compared = lacks.length === 0
    const mayBegin = begun === false ? mayFound : compared
    return verdict(lacks, { ...next, compared }, mayBegin, mayBegin)
  }
  const late = [...owed].filter(([, { since }]) => now - since > LAG).map(([other]) => other)
  const lacks = late.map((other) => `server ${other} has what is missing here`)
  const well = lacks.length === 0
  const mayBegin = begun === false ? mayFound : begun === true && well && enough && ahead.length === 0
  const mayGoOn = well && (aloneSince === undefined || now - aloneSince < ALONE)
  return verdict(lacks, next, mayBegin, mayGoOn)
}

/** One that lost something must be compared anew. */
const remembered = (memory: Memory, own: Stamps): Memory => ({
  ...memory,
  compared: memory.compared && hasAll(own, memory.had),
  had: own,
})

const verdict = (lacks: readonly string[], memory: Memory, mayBegin = false, mayGoOn = false): Verdict => ({
  lacks,
  mayBegin,
  mayGoOn,
  memory,
})

function emptyBecause({ begun, ordinal }: Facts, ahead: readonly number[]): string {
  if (ahead.length > 0) return `it is filled from server ${ahead.join(', ')}`
  if (begun === undefined)
    return 'it is empty, and the API server does not say whether anybody was ever in it'
  if (!begun && ordinal !== FIRST) return `it is empty, and waits for server ${FIRST} to begin`
  if (!begun) return 'it is empty, and too few of the others answer to begin'
  return 'it is empty, and people were in it before: bring back a PC that has them, or restore a copy'
}

function notCompared({ begun, ordinal, others }: Facts, enough: boolean, ahead: readonly number[]): string[] {
  if (begun === undefined) return ['the API server does not say whether these servers ever worked together']
  // Whoever was alone before wrote without the others.
  if (!begun && ordinal !== FIRST && !others.has(FIRST))
    return [`server ${FIRST} was alone, and does not answer`]
  if (!enough) return ['too few of the others answer to know whether it has what they have']
  return ahead.map((other) => `server ${other} has what is missing here`)
}

/** What others had and this one still lacks, each under its first sight. */
function owedAt({ others }: Facts, own: Stamps, memory: Memory, now: number): Memory['owed'] {
  const left = [...memory.owed].filter(([, { stamps }]) => !hasAll(own, stamps))
  const known = new Set(left.map(([other]) => other))
  const added = [...others]
    .filter(([other, stamps]) => !known.has(other) && !hasAll(own, stamps))
    .map(([other, stamps]) => [other, { stamps, since: now }] as const)
  return new Map([...left, ...added])
}
