/**
 * Passwords that are checked at once: each costs slapd some 20 MiB and 20 ms, and a refusal is told after 400. Behind them
 * so many may wait. Whoever comes by a browser that knows them has a gate of their own, and never waits behind strangers.
 */
const AT_ONCE = 8
const MAY_WAIT = 120

/** Lets so many do something at once, some more wait, and tells the others that it is busy. */
export function newGate(atOnce = AT_ONCE, mayWait = MAY_WAIT) {
  let inside = 0
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T | { readonly came: 'busy' }> => {
    if (inside >= atOnce) {
      if (waiting.length >= mayWait) return { came: 'busy' }
      await new Promise<void>((go) => waiting.push(go))
    }
    inside++
    try {
      return await work()
    } finally {
      inside--
      waiting.shift()?.()
    }
  }
}
