/** The middle of some measurements, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** How the slow ones of many measurements fare. */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** The least of the measurements that is not exceeded by that part of them (nearest rank). */
function ranked(values: readonly number[]): (part: number) => number {
  const sorted = [...values].sort((a, b) => a - b)
  return (part) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}

export function spread(values: readonly number[]): Spread {
  const at = ranked(values)
  return { median: at(0.5), min: at(0), max: at(1) }
}

export function percentiles(values: readonly number[]): Percentiles {
  const at = ranked(values)
  return { count: values.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

/** `1.23 (1.10–1.40)` */
export const shown = ({ median, min, max }: Spread, digits = 2): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
