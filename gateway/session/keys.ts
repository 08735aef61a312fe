import { SESSION_LIFE } from './session.ts'

/** A key that seals sessions: 32 random bytes, and when it was made (ms since the epoch). */
export interface Key {
  /** Its name in the Secret and in the head of what it sealed. */
  readonly id: string
  readonly bytes: Uint8Array
  readonly made: number
}

/** A key seals for so long; then the next one does. */
export const KEY_TURN = 12 * 60 * 60 * 1000
/** What it sealed last may be shown for a session's life more; clocks of PCs differ by minutes. */
const KEY_END = KEY_TURN + SESSION_LIFE + 10 * 60 * 1000
/** A new key seals only when every replica has surely seen it. */
const SPREAD = 60 * 1000

export interface KeyChange {
  readonly add: boolean
  readonly remove: readonly string[]
}

/** What is to be done about the keys: a new one in time, those away that can open nothing any more. */
export function decideKeys(keys: readonly Key[], now: number): KeyChange {
  const newest = Math.max(Number.NEGATIVE_INFINITY, ...keys.map(({ made }) => made))
  return {
    // Made a while before it is needed, so that it has spread when its turn comes.
    add: now - newest > KEY_TURN - 2 * SPREAD,
    remove: keys.filter(({ made }) => now - made > KEY_END).map(({ id }) => id),
  }
}

/** The key that seals now: the newest that has spread, else the oldest there is. */
export function sealingKey(keys: readonly Key[], now: number): Key | undefined {
  const byAge = keys.toSorted((a, b) => b.made - a.made)
  return byAge.find(({ made }) => now - made >= SPREAD) ?? byAge.at(-1)
}

const KEY_NAME = /^k(\d{10,14})$/
const KEY_BYTES = 32

export const keyName = (made: number): string => `k${made}`

/** The keys in a Secret's data; what is no key of ours is passed over. */
export function keysIn(data: Readonly<Record<string, string>> | undefined): Key[] {
  return Object.entries(data ?? {}).flatMap(([id, text]) => {
    const made = KEY_NAME.exec(id)?.[1]
    const bytes = new Uint8Array(Buffer.from(text, 'base64'))
    return made !== undefined && bytes.length === KEY_BYTES ? [{ id, bytes, made: Number(made) }] : []
  })
}
