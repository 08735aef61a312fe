import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

export interface Patience {
  /** After so many seconds it is given up; 60 unless told, 180 for `becomes`. */
  readonly seconds?: number
  /** Milliseconds between two looks; 100 unless told. */
  readonly every?: number
}

/**
 * Looks again and again until there is something to see: anything but false, undefined, null, zero or an empty text.
 * Resolves with it. A look that throws has seen nothing yet.
 *
 * @param what what is waited for, as a sentence that a failure can bear: `the page shows ada`
 * @throws when patience ends, naming what was waited for and what was seen last.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  { seconds = 60, every = 100 }: Patience = {},
): Promise<NonNullable<T>> {
  const since = performance.now()
  for (;;) {
    const seen = await attempt(look)
    if ('value' in seen && seen.value) return seen.value
    if (performance.now() - since > seconds * 1000)
      throw new Error(`${what}: not within ${seconds} s; seen last: ${inspect(seen, { depth: 4 })}`)
    await sleep(every)
  }
}

/**
 * Asks until the answer is the wanted one. Resolves with the seconds that it took, to be told, never judged.
 *
 * @throws when patience ends, naming what was waited for and the last answer.
 */
export async function becomes<T extends string | number | boolean>(
  what: string,
  ask: () => T | Promise<T>,
  wanted: T,
  { seconds = 180, every = 100 }: Patience = {},
): Promise<number> {
  const since = performance.now()
  const passed = (): number => (performance.now() - since) / 1000
  for (;;) {
    const seen = await attempt(ask)
    if ('value' in seen && seen.value === wanted) return passed()
    if (passed() > seconds)
      throw new Error(`${what}: not ${inspect(wanted)} within ${seconds} s; seen last: ${inspect(seen)}`)
    await sleep(every)
  }
}

type Seen<T> = { readonly value: T } | { readonly thrown: unknown }

async function attempt<T>(look: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await look() }
  } catch (thrown) {
    return { thrown }
  }
}

/** Seconds that something took. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work()
  return (performance.now() - since) / 1000
}
