import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, unlink } from 'node:fs/promises'
import { isRefusal, openPlace, type Refusal, refusalOf, within } from './place.ts'

/**
 * Writes a new file in the home. It appears under its name with all its bytes or not at all, and never in the place of
 * another: the bytes go into a hidden file beside, which then gets the name by link(2). Resolves with its size.
 */
export async function writeNew(
  home: string,
  path: Uint8Array,
  bytes: AsyncIterable<Uint8Array>,
  atMost: number,
): Promise<{ readonly size: number } | Refusal> {
  const place = await openPlace(home, path)
  if (isRefusal(place)) return place
  const { folder, name } = place
  try {
    // Known before the first byte, so that nobody sends a gigabyte for nothing.
    if (
      await lstat(within(folder, name)).then(
        () => true,
        () => false,
      )
    )
      return refusalOf(EXISTS)
    return await put(folder, name, bytes, atMost)
  } catch (error) {
    return refusalOf(error)
  } finally {
    await folder.close()
  }
}

const EXISTS = Object.assign(new Error('exists'), { code: 'EEXIST' })

async function put(
  folder: FileHandle,
  name: Uint8Array,
  bytes: AsyncIterable<Uint8Array>,
  atMost: number,
): Promise<{ readonly size: number } | Refusal> {
  const beside = within(folder, Buffer.from(`.upload-${randomUUID()}`))
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = await open(beside, flags, 0o600)
  try {
    let size = 0
    for await (const chunk of bytes) {
      size += chunk.length
      if (size > atMost) return { status: 413, reason: `a file may have at most ${atMost} bytes` }
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
    }
    await file.sync()
    await link(beside, within(folder, name))
    return { size }
  } finally {
    await file.close()
    await unlink(beside).catch(() => {})
  }
}
