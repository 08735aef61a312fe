import { get } from 'node:https'
import type { Address } from './etcd.ts'

/** Ms for each: one that was ready at the look before, and one that was not. */
const LIMIT = { ready: 3_000, notReady: 1_000 } as const

/**
 * The masters whose API server says 200 to `/readyz` at its own address. Nobody need be logged in for that.
 *
 * @param authority PEM: the cluster's own
 */
export async function readyApis(
  masters: readonly Address[],
  notReady: ReadonlySet<string>,
  authority: string,
): Promise<readonly string[]> {
  const limitOf = (name: string): number => (notReady.has(name) ? LIMIT.notReady : LIMIT.ready)
  const ready = await Promise.all(
    masters.map(({ name, address }) => isReady(address, authority, limitOf(name))),
  )
  return masters.filter((_, at) => ready[at]).map(({ name }) => name)
}

const isReady = (address: string, ca: string, limit: number): Promise<boolean> =>
  new Promise((resolve) => {
    const host = address.includes(':') ? `[${address}]` : address
    const signal = AbortSignal.timeout(limit)
    const asked = get(`https://${host}:6443/readyz`, { ca, agent: false, signal }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
  })
