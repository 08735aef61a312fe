import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib'
import { Encrypter } from 'age-encryption'
import { z } from 'zod'
import { decrypterWith } from '../service/private-key.ts'
import { isOfClass, type LdifEntry, readEntries, writeEntry } from './ldif.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * A copy of the directory as a file: age around gzip around LDIF, whose first line is a comment with the manifest. So it
 * can be read without any of our programs: `age -d -i KEY FILE | gunzip`.
 */
const Manifest = z.object({
  version: z.literal(1),
  /** The directory's suffix: whose copy it is. */
  room: z.string(),
  /** When it was read, ISO 8601. */
  at: z.iso.datetime(),
  people: z.int().nonnegative(),
  groups: z.int().nonnegative(),
  entries: z.int().nonnegative(),
  /** contextCSN: how far the server had come that was read. */
  stamps: z.array(z.string()),
  /** Of the LDIF below the manifest, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

export type Manifest = z.output<typeof Manifest>

export interface Copy {
  readonly manifest: Manifest
  readonly entries: readonly LdifEntry[]
}

const MARK = '# deskfleet copy of the directory: '

const gzip = promisify<Buffer, Buffer>(gzipCallback)
const gunzip = promisify<Buffer, Buffer>(gunzipCallback)

/** Encrypts for all of these public keys; any one of the private ones opens it. */
export async function seal(
  room: string,
  { entries, stamps }: Snapshot,
  at: Date,
  recipients: readonly string[],
): Promise<{ readonly manifest: Manifest; readonly bytes: Buffer }> {
  // Without one nobody could ever open it.
  if (recipients.length === 0) throw new Error('a copy needs a public key to be encrypted for')
  const body = Buffer.from(entries.map(writeEntry).join(''))
  const manifest: Manifest = {
    version: 1,
    room,
    at: at.toISOString(),
    people: entries.filter((entry) => isOfClass(entry, 'posixAccount')).length,
    groups: entries.filter((entry) => isOfClass(entry, 'posixGroup')).length,
    entries: entries.length,
    stamps: [...stamps.values()],
    sha256: digest(body),
  }
  const head = Buffer.from(`${MARK}${JSON.stringify(manifest)}\n`)
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return { manifest, bytes: Buffer.from(await encrypter.encrypt(await gzip(Buffer.concat([head, body])))) }
}

/** What stands in the way of a file, and what to do about it. */
export interface Unreadable {
  readonly unreadable: 'noCopy' | 'anotherKey' | 'noKey' | 'damaged' | 'newer'
  readonly message: string
}

const unreadable = (kind: Unreadable['unreadable'], message: string): Unreadable => ({
  unreadable: kind,
  message,
})

/** @param keyFile The text of a private key's file; lines that begin with # are passed over. */
export async function unseal(bytes: Uint8Array, keyFile: string): Promise<Copy | Unreadable> {
  const decrypter = decrypterWith(keyFile)
  if (decrypter === undefined)
    return unreadable(
      'noKey',
      'the key file holds no private key: give the file that "deskfleet directory key" wrote',
    )
  if (!Buffer.from(bytes.subarray(0, 21)).equals(Buffer.from('age-encryption.org/v1')))
    return unreadable('noCopy', 'the file is no copy, nothing that age encrypted: check its name')
  let text: string
  try {
    text = (await gunzip(Buffer.from(await decrypter.decrypt(bytes)))).toString('latin1')
  } catch (error) {
    if (error instanceof Error && /no identity matched/.test(error.message))
      return unreadable(
        'anotherKey',
        'the copy is encrypted for other keys: give the private key of one of them',
      )
    return unreadable('damaged', 'the copy is cut off or was altered: take another one')
  }
  return read(text)
}

function read(text: string): Copy | Unreadable {
  const end = text.indexOf('\n')
  const head = text.slice(0, end)
  if (!head.startsWith(MARK))
    return unreadable('noCopy', 'what the file holds is no copy of a directory: check its name')
  const body = text.slice(end + 1)
  try {
    const told = JSON.parse(Buffer.from(head.slice(MARK.length), 'latin1').toString('utf8'))
    if (typeof told?.version === 'number' && told.version > 1)
      return unreadable('newer', 'a newer version made this copy: restore with that')
    const manifest = Manifest.parse(told)
    const entries = readEntries(body)
    if (digest(Buffer.from(body, 'latin1')) !== manifest.sha256 || entries.length !== manifest.entries)
      return unreadable('damaged', 'the copy does not hold what its manifest says: take another one')
    return { manifest, entries }
  } catch {
    return unreadable('damaged', 'what the copy holds cannot be read: take another one')
  }
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
