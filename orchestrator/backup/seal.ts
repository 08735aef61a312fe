import { createReadStream, createWriteStream } from 'node:fs'
import { link, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Encrypter } from 'age-encryption'
import type { Belonging } from './belongings.ts'
import { MANIFEST, type Manifest, SNAPSHOT } from './manifest.ts'
import { runToEnd } from './run-program.ts'

export interface Sealed {
  readonly manifest: Manifest
  readonly belongings: readonly Belonging[]
  /** A file on the same disk as `folder`. */
  readonly snapshot: string
}

/**
 * A copy as a file: age around gzip around tar. So it can be opened without any of our programs:
 * `age -d -i KEY FILE | tar -xz`. It is encrypted for all of these public keys; any one of the private ones opens it,
 * and none of them is in the room: whoever takes over a PC reads no copy.
 *
 * @param folder an empty one of ours, which the caller removes
 * @param file a new one
 */
export async function seal(
  { manifest, belongings, snapshot }: Sealed,
  recipients: readonly string[],
  folder: string,
  file: string,
): Promise<void> {
  // Without one nobody could ever open it.
  if (recipients.length === 0) throw new Error('a copy needs a public key to be encrypted for')
  const content = join(folder, 'content')
  const lay = async (name: string, bytes: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(content, name)), { recursive: true, mode: 0o700 })
    await writeFile(join(content, name), bytes, { mode: 0o600, flag: 'wx' })
  }
  await lay(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`)
  for (const { name, content: bytes } of belongings) await lay(name, bytes)
  await link(snapshot, join(content, SNAPSHOT))

  // The manifest first, so that whoever looks need not read it all.
  const names = [MANIFEST, ...belongings.map(({ name }) => name), SNAPSHOT]
  const plain = join(folder, 'plain.tar')
  const packing = await runToEnd('tar', [
    '--create',
    `--file=${plain}`,
    `--directory=${content}`,
    '--',
    ...names,
  ])
  if ('failed' in packing) throw new Error(`the copy cannot be packed: ${packing.failed}`)
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  const packed = createGzip({ level: 3 })
  const encrypted = Readable.fromWeb(await encrypter.encrypt(Readable.toWeb(packed)))
  await Promise.all([
    pipeline(createReadStream(plain), packed),
    pipeline(encrypted, createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })),
  ])
}
