/** A part of the demo as it stands: what it was measured to take, and how far it is. */
export interface PartState {
  readonly name: string
  /** What it takes on two cores, measured. */
  readonly seconds: number
  /** Parts of one lane follow each other; lanes go on side by side. */
  readonly lane: string
  /** Names of parts that must be done before it begins. */
  readonly needs: readonly string[]
  /** `at hand`: nothing had to be done for it in this run. */
  readonly state: 'waiting' | 'running' | 'done' | 'at hand'
  /** Seconds that it took, or has taken so far; 0 while it waits. */
  readonly took: number
}

/** How much of the measured costs, in seconds, is believed as much as what this machine has shown so far. */
const BELIEF = 60

/** A running part is never nearer to its end than this share of what it takes. */
const LEAST_LEFT = 0.1

/**
 * How long this machine takes for what was measured to take a second: from the parts that it has done, and from those
 * that take longer already than they should. 1 without any.
 */
export function paceOf(parts: readonly PartState[]): number {
  let [took, measured] = [BELIEF, BELIEF]
  for (const part of parts) {
    const counts = part.state === 'done' || (part.state === 'running' && part.took > part.seconds)
    if (!counts) continue
    took += part.took
    measured += part.seconds
  }
  return took / measured
}

/**
 * Seconds until those of the parts that are named in `until` are done, at the pace that this machine has shown. Parts
 * are given in the order in which each lane takes them.
 */
export function secondsLeft(parts: readonly PartState[], until: readonly string[]): number {
  const pace = paceOf(parts)
  const ends = new Map<string, number>()
  const lanes = new Map<string, number>()
  // A part may need one that stands behind it in the table, in another lane: those are passed until nothing changes.
  let left = [...parts]
  while (left.length > 0) {
    const possible = left.filter(
      (part, index) =>
        part.needs.every((need) => ends.has(need)) &&
        !left.slice(0, index).some((earlier) => earlier.lane === part.lane),
    )
    if (possible.length === 0) throw new Error(`parts wait for each other: ${left.map(({ name }) => name)}`)
    for (const part of possible) {
      const begin = Math.max(lanes.get(part.lane) ?? 0, ...part.needs.map((need) => ends.get(need) ?? 0))
      const end = begin + remaining(part, pace)
      ends.set(part.name, end)
      lanes.set(part.lane, end)
    }
    left = left.filter((part) => !possible.includes(part))
  }
  return Math.max(0, ...until.map((name) => ends.get(name) ?? 0))
}

function remaining({ state, seconds, took }: PartState, pace: number): number {
  if (state === 'done' || state === 'at hand') return 0
  const whole = seconds * pace
  return Math.max(whole - took, state === 'running' ? whole * LEAST_LEFT : whole)
}

/** A time to come as people say it: "less than a minute", "about 7 min". */
export function inWords(seconds: number): string {
  if (seconds < 50) return 'less than a minute'
  return `about ${Math.max(1, Math.round(seconds / 60))} min`
}
