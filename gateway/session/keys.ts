import { SESSION_LIFE } from './session.ts'

/** A key that seals cookies: 32 random bytes, and when it was made (ms since the epoch). */
export interface Key {
  /** Its name in the Secret and in the head of what it sealed. */
  readonly id: string
  readonly bytes: Uint8Array
  readonly made: number
}

/** What keys are for. All stand in one Secret, so that emptying it ends whatever any of them sealed. Times in ms. */
export interface KeyKind {
  /** The first letter of their names. */
  readonly letter: string
  /** A key seals for so long; then the next one does. */
  readonly turn: number
  /** What it sealed last may be shown for so long. */
  readonly life: number
}

const DAY = 24 * 60 * 60 * 1000

/** Of people's sessions. */
export const SESSION_KEYS: KeyKind = { letter: 'k', turn: DAY / 2, life: SESSION_LIFE }
/** Of browsers that let somebody in before: remembered for long, so their keys turn slowly. */
export const DEVICE_KEYS: KeyKind = { letter: 'd', turn: 30 * DAY, life: 90 * DAY }
export const KEY_KINDS: readonly KeyKind[] = [SESSION_KEYS, DEVICE_KEYS]

/** Clocks of PCs differ by minutes. */
const CLOCKS = 10 * 60 * 1000
/** A new key seals only when every replica has surely seen it. */
const SPREAD = 60 * 1000

export interface KeyChange {
  readonly add: boolean
  readonly remove: readonly string[]
}

/** What is to be done about the keys of one kind: a new one in time, those away that can open nothing any more. */
export function decideKeys(kind: KeyKind, keys: readonly Key[], now: number): KeyChange {
  const newest = Math.max(Number.NEGATIVE_INFINITY, ...keys.map(({ made }) => made))
  return {
    // Made a while before it is needed, so that it has spread when its turn comes.
    add: now - newest > kind.turn - 2 * SPREAD,
    remove: keys.filter(({ made }) => now - made > kind.turn + kind.life + CLOCKS).map(({ id }) => id),
  }
}

/** The key that seals now: the newest that has spread, else the oldest there is. */
export function sealingKey(keys: readonly Key[], now: number): Key | undefined {
  const byAge = keys.toSorted((a, b) => b.made - a.made)
  return byAge.find(({ made }) => now - made >= SPREAD) ?? byAge.at(-1)
}

const KEY_NAME = /^([a-z])(\d{10,14})$/
const KEY_BYTES = 32

export const keyName = ({ letter }: KeyKind, made: number): string => `${letter}${made}`

/** The keys of one kind in a Secret's data; what is no such key is passed over. */
export function keysIn(kind: KeyKind, data: Readonly<Record<string, string>> | undefined): Key[] {
  return Object.entries(data ?? {}).flatMap(([id, text]) => {
    const [, letter, made] = KEY_NAME.exec(id) ?? []
    const bytes = new Uint8Array(Buffer.from(text, 'base64'))
    return letter === kind.letter && bytes.length === KEY_BYTES ? [{ id, bytes, made: Number(made) }] : []
  })
}
