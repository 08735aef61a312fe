import { get } from 'node:https'
import type { Address } from './etcd.ts'

/** Ms for each. */
const LIMIT = 2_000

/**
 * The masters whose API server says 200 to `/readyz` at its own address. Nobody need be logged in for that.
 *
 * @param authority PEM: the cluster's own
 */
export async function readyApis(masters: readonly Address[], authority: string): Promise<readonly string[]> {
  const ready = await Promise.all(masters.map(async ({ address }) => isReady(address, authority)))
  return masters.filter((_, at) => ready[at]).map(({ name }) => name)
}

const isReady = (address: string, ca: string): Promise<boolean> =>
  new Promise((resolve) => {
    const host = address.includes(':') ? `[${address}]` : address
    const signal = AbortSignal.timeout(LIMIT)
    const asked = get(`https://${host}:6443/readyz`, { ca, agent: false, signal }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
  })
