import {
  type Authority,
  type Delays,
  type Facts,
  LAST_PART,
  type Memory,
  type Trusting,
  type Verdict,
} from './facts.ts'

/**
 * The next step of a rotation. The rule behind all of them: whatever is served is signed by somebody whom every place
 * holds, and whom every reader has had the time to hear of; and nobody is forgotten by whom something may still be
 * served.
 */
export function decide(facts: Facts, memory: Memory, delays: Delays): Verdict {
  const { signs, next, former, asked, wall } = facts
  if (former) return leaving(facts, former, memory, delays)
  if (next) return coming(facts, next, memory, delays)
  return {
    phase: 'steady',
    move: asked || isOld(signs, wall) ? 'begin' : undefined,
    waitsFor: lacking(facts.places, [signs]),
    memory: undefined,
  }
}

/** The next one is told everywhere, and then for as long as the slowest reader needs. */
function coming(facts: Facts, next: Authority, memory: Memory, { soak }: Delays): Verdict {
  const { signs, places, wall, now } = facts
  // It was made by a clock that was wrong, or lay here for years. It signed nothing: another one may stand in its place.
  const isUnfit = next.notBefore > wall || isOld(next, wall)
  if (isUnfit) return { phase: 'publish', move: 'begin', waitsFor: [], memory: undefined }
  const waitsFor = lacking(places, [signs, next])
  if (waitsFor.length > 0) return { phase: 'publish', move: undefined, waitsFor, memory: undefined }
  const since = heldSince(`${signs.id} ${next.id} known`, memory, now)
  return over('soak', 'switch', since, soak, now)
}

/** The former one is trusted until nothing of it is served, and then for as long as the slowest follower needs. */
function leaving(facts: Facts, former: Authority, memory: Memory, { settle }: Delays): Verdict {
  const { signs, places, leaves, now } = facts
  const waitsFor = [
    ...lacking(places, [signs]),
    ...leaves.flatMap(({ leaf, by }) => {
      if (by === signs.id) return []
      return [by === undefined ? `${leaf} does not answer` : `${leaf} still shows another one’s certificate`]
    }),
  ]
  if (waitsFor.length > 0) return { phase: 'switch', move: undefined, waitsFor, memory: undefined }
  const since = heldSince(`${former.id} ${signs.id} served`, memory, now)
  return over('retire', 'retire', since, settle, now)
}

const isOld = ({ notBefore, notAfter }: Authority, wall: number): boolean =>
  notAfter - wall < LAST_PART * (notAfter - notBefore)

const heldSince = (what: string, memory: Memory, now: number): NonNullable<Memory> =>
  memory?.what === what ? memory : { what, since: now }

function over(
  phase: 'soak' | 'retire',
  move: 'switch' | 'retire',
  memory: NonNullable<Memory>,
  delay: number,
  now: number,
): Verdict {
  const left = memory.since + delay - now
  return left > 0
    ? { phase, move: undefined, waitsFor: [`${Math.ceil(left / 60_000)} min more`], memory }
    : { phase, move, waitsFor: [], memory }
}

const lacking = (places: readonly Trusting[], wanted: readonly Authority[]): string[] =>
  places.flatMap(({ place, holds }) => {
    if (holds === undefined) return [`${place} cannot be read`]
    return wanted.every(({ id }) => holds.includes(id)) ? [] : [`${place} does not hold all of them yet`]
  })
