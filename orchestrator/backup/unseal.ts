import { createWriteStream } from 'node:fs'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { decrypterWith } from '../../service/private-key.ts'
import { MANIFEST, Manifest } from './manifest.ts'
import { runToEnd } from './run-program.ts'
import { sumOf } from './sum.ts'

/** What stands in the way of a file, and what to do about it. */
export interface Unreadable {
  readonly unreadable: 'noKey' | 'noCopy' | 'anotherKey' | 'damaged' | 'newer'
  readonly why: string
}

export interface Opened {
  readonly manifest: Manifest
  /** Where its files lie, by the names that the manifest has. */
  readonly folder: string
}

const unreadable = (kind: Unreadable['unreadable'], why: string): Unreadable => ({ unreadable: kind, why })
const DAMAGED = unreadable('damaged', 'the copy is cut off or was altered: take another one')

/**
 * Opens a copy into a new folder of ours, and compares everything in it with what its manifest says.
 *
 * @param keys the text of a private key's file; lines that begin with # are passed over
 */
export async function unseal(file: string, keys: string, folder: string): Promise<Opened | Unreadable> {
  const decrypter = decrypterWith(keys)
  if (decrypter === undefined)
    return unreadable('noKey', 'that is no private key: it begins with AGE-SECRET-KEY-1')
  const source = (await open(file)).createReadStream()
  await mkdir(folder, { mode: 0o700 })
  let plain: ReadableStream<Uint8Array>
  try {
    plain = await decrypter.decrypt(Readable.toWeb(source))
  } catch (error) {
    source.destroy()
    if (error instanceof Error && /no identity matched/.test(error.message))
      return unreadable(
        'anotherKey',
        'the copy is encrypted for other keys: give the private key of one of them',
      )
    return unreadable('noCopy', 'the file is no copy, or its beginning was altered: take another one')
  }
  // Nothing is unpacked before all of it has proven to be what was encrypted.
  const packed = join(folder, 'plain.tar')
  try {
    await pipeline(Readable.fromWeb(plain), createGunzip(), createWriteStream(packed, { mode: 0o600 }))
  } catch (error) {
    // A full disk is not the copy's fault.
    if (error instanceof Error && 'syscall' in error) throw error
    return DAMAGED
  }
  const files = join(folder, 'content')
  await mkdir(files, { mode: 0o700 })
  const unpacked = await runToEnd('tar', [
    '--extract',
    `--file=${packed}`,
    `--directory=${files}`,
    '--no-same-owner',
  ])
  await rm(packed)
  if ('failed' in unpacked)
    return unreadable('noCopy', `what the file holds is no copy of etcd: ${unpacked.failed}`)
  return await compared(files)
}

async function compared(folder: string): Promise<Opened | Unreadable> {
  let manifest: Manifest
  try {
    const told = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'))
    if (typeof told?.version === 'number' && told.version > 1)
      return unreadable('newer', 'a newer version made this copy: open it with that')
    manifest = Manifest.parse(told)
  } catch {
    return unreadable('noCopy', 'what the file holds is no copy of etcd: check its name')
  }
  for (const [name, sum] of Object.entries(manifest.files)) {
    const found = isBelow(name) ? await sumOf(join(folder, name)).catch(() => undefined) : undefined
    if (found !== sum) return DAMAGED
  }
  return { manifest, folder }
}

/** Anybody may encrypt for a public key: a name never leads out of the folder. */
const isBelow = (name: string): boolean => name.split('/').every((part) => part !== '' && !/^\.+$/.test(part))
