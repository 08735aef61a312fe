import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { type Key, sealingKey } from '../session/keys.ts'

/** A name for something that tells who is counted from everybody else, and tells nobody who it is: 96 bits. */
export type Tag = string
export type Tagger = (text: string) => Tag

const TAG_BYTES = 12

/**
 * Tags by a key that all replicas have, made out of the one that seals now: people type passwords where their login
 * belongs, so nothing that was typed is kept or shared. Without any key this replica counts by one of its own.
 */
export function newTagger(keys: () => readonly Key[], now: () => number): Tagger {
  const own: Key = { id: '', bytes: randomBytes(32), made: 0 }
  let current = { id: '', secret: derive(own) }
  return (text) => {
    const key = sealingKey(keys(), now()) ?? own
    if (key.id !== current.id) current = { id: key.id, secret: derive(key) }
    return createHmac('sha256', current.secret)
      .update(text)
      .digest()
      .subarray(0, TAG_BYTES)
      .toString('base64url')
  }
}

const derive = ({ bytes }: Key): Buffer =>
  Buffer.from(hkdfSync('sha256', bytes, '', 'deskfleet-failures', 32))
