const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  T: 1e12,
  Ti: 2 ** 40,
  P: 1e15,
  Pi: 2 ** 50,
}

/** A Kubernetes quantity as a number; the schema has seen its form. */
export function amount(quantity: string): number {
  const unit = quantity.replace(/^[\d.]+/, '')
  return Number.parseFloat(quantity) * (UNITS[unit] ?? 1)
}
