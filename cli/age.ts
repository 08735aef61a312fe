const UNITS = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const

/** How long something took or lasts, for a table: `3 days`, `2 h`, `5 min`, `12 s`. */
export function lasting(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? ['s', 1_000]
  const count = Math.max(0, Math.floor(ms / size))
  return `${count} ${unit === 'day' && count !== 1 ? 'days' : unit}`
}
