import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Answer, done } from './answer.ts'
import type { Gateway } from './gateway.ts'
import { bytes, count, rangeOf } from './wire.ts'

export interface Which {
  /** @default all keys */
  readonly prefix?: string
  /** As they were at that revision. @default now */
  readonly revision?: number
}

const path = 'kv/range'
const limit = 30_000

const ranged = ({ prefix = '', revision = 0 }: Which) => ({
  ...rangeOf(prefix),
  revision: String(revision),
  // This very member's, so that what it has can be compared with what others have.
  serializable: true,
})

/** How many keys one member has. */
export const countKeys = (gateway: Gateway, endpoint: string, which: Which = {}): Promise<Answer<number>> =>
  gateway.ask({
    endpoint,
    path,
    body: { ...ranged(which), count_only: true },
    answer: z.object({ count }).transform((told) => told.count),
    limit,
  })

const Pair = z.object({ key: bytes, value: bytes.default(Buffer.alloc(0)) })
const Page = z.object({ kvs: z.array(Pair).default([]), more: z.boolean().default(false) })

/** Takes all keys, in order, a hundred or a thousand at once. */
async function forEachPage(
  gateway: Gateway,
  endpoint: string,
  which: Which,
  namesOnly: boolean,
  take: (pairs: readonly z.output<typeof Pair>[]) => void,
): Promise<Answer<void>> {
  const rest = { ...ranged(which), keys_only: namesOnly, limit: namesOnly ? '1000' : '100' }
  for (let { key } = rest; ; ) {
    const answer = await gateway.ask({ endpoint, path, body: { ...rest, key }, answer: Page, limit })
    if (answer.is !== 'done') return answer
    const { kvs, more } = answer.value
    take(kvs)
    const last = kvs.at(-1)
    if (!more || last === undefined) return done(undefined)
    // The first name that can follow it.
    key = Buffer.concat([last.key, Buffer.from([0])]).toString('base64')
  }
}

/**
 * How many keys there are of each kind, the kind being the first two parts of a name: `/registry/pods`. What Kubernetes
 * keeps is told apart by it.
 */
export async function countByKind(
  gateway: Gateway,
  endpoint: string,
  which: Which = {},
): Promise<Answer<Readonly<Record<string, number>>>> {
  const kinds: Record<string, number> = {}
  const paged = await forEachPage(gateway, endpoint, which, true, (pairs) => {
    for (const { key } of pairs) {
      const kind = key.toString('utf8').split('/').slice(0, 3).join('/')
      kinds[kind] = (kinds[kind] ?? 0) + 1
    }
  })
  return paged.is === 'done' ? done(kinds) : paged
}

/** A sum over names and values, as SHA-256 in hex. It stays the same where revisions are put forward, as by a rescue. */
export async function hashKeys(
  gateway: Gateway,
  endpoint: string,
  which: Which = {},
): Promise<Answer<string>> {
  const sum = createHash('sha256')
  const paged = await forEachPage(gateway, endpoint, which, false, (pairs) => {
    for (const { key, value } of pairs)
      for (const part of [key, value]) sum.update(`${part.length}:`).update(part)
  })
  return paged.is === 'done' ? done(sum.digest('hex')) : paged
}
