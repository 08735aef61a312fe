import { get } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { Address } from './etcd.ts'

/** Ms for each: one that was ready at the look before, and one that was not. */
const LIMIT = { ready: 3_000, notReady: 1_000 } as const

/** A master's API server, as it says at its own address. */
export interface SeenApi {
  readonly name: string
  /** It said 200 to `/readyz`. */
  readonly ready: boolean
  /** When the certificate ends that it showed, in ms since 1970; undefined where it showed none that is good. */
  readonly certificateEnds: number | undefined
}

/**
 * Asks the API server of each of those masters whether it is ready. Nobody need be logged in for that.
 *
 * @param authority PEM: the cluster's own
 */
export function observeApis(
  masters: readonly Address[],
  notReady: ReadonlySet<string>,
  authority: string,
): Promise<readonly SeenApi[]> {
  const limitOf = (name: string): number => (notReady.has(name) ? LIMIT.notReady : LIMIT.ready)
  return Promise.all(
    masters.map(async ({ name, address }) => ({ name, ...(await ask(address, authority, limitOf(name))) })),
  )
}

const ask = (address: string, ca: string, limit: number): Promise<Omit<SeenApi, 'name'>> =>
  new Promise((resolve) => {
    const host = address.includes(':') ? `[${address}]` : address
    const signal = AbortSignal.timeout(limit)
    const asked = get(`https://${host}:6443/readyz`, { ca, agent: false, signal }, (answer) => {
      const certificateEnds = endShown(answer.socket)
      answer.resume()
      resolve({ ready: answer.statusCode === 200, certificateEnds })
    })
    asked.on('error', () => resolve({ ready: false, certificateEnds: undefined }))
  })

const endShown = (socket: unknown): number | undefined =>
  socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.validToDate.getTime() : undefined
