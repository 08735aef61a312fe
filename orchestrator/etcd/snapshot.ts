import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { z } from 'zod'
import { type Answer, done } from './answer.ts'
import type { Gateway } from './gateway.ts'
import { bytes } from './wire.ts'

export interface Snapshot {
  /** Bytes of the file. */
  readonly size: number
  /** Of the whole file, in hex. */
  readonly sha256: string
}

const Piece = z.object({ result: z.object({ blob: bytes.optional() }) })

/** What etcd puts behind the database: its SHA-256. */
const TRAILER = 32

/**
 * Everything that one member has, into a new file that only its owner reads. The file is there only where the sum at
 * its end is right: a stream that broke off ends with something else.
 */
export async function takeSnapshot(
  gateway: Gateway,
  endpoint: string,
  file: string,
  limit = 10 * 60_000,
): Promise<Answer<Snapshot>> {
  const handle = await open(file, 'wx', 0o600)
  const [body, whole] = [createHash('sha256'), createHash('sha256')]
  // The last bytes that came: whether they are the trailer is known only at the end.
  let last: Buffer = Buffer.alloc(0)
  let size = 0
  let answer: Answer<Snapshot> | undefined
  try {
    const streamed = await gateway.stream(
      { endpoint, path: 'maintenance/snapshot', answer: Piece, limit },
      async ({ result: { blob } }) => {
        if (!blob) return
        whole.update(blob)
        size += blob.length
        const seen = Buffer.concat([last, blob])
        body.update(seen.subarray(0, -TRAILER))
        last = seen.subarray(-TRAILER)
        await handle.writeFile(blob)
      },
    )
    await handle.sync()
    if (streamed.is !== 'done') answer = streamed
    else if (!body.digest().equals(last))
      answer = {
        is: 'lost',
        why: `${endpoint}: the snapshot is cut off or damaged: the sum at its end is wrong`,
      }
    else answer = done({ size, sha256: whole.digest('hex') })
    return answer
  } finally {
    await handle.close()
    if (answer?.is !== 'done') await rm(file, { force: true })
  }
}
