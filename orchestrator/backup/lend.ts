import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sumOf } from './sum.ts'

/**
 * How a copy comes from one PC to another: the one lends it, and the other, told by the API where it is and what its sum is,
 * fetches it. It is encrypted for keys that the room does not have, so the way need not be.
 */

export interface Loan {
  /** Where it is; nobody guesses it. */
  readonly url: string
  /** Of the file, in hex: whoever fetches has to find the same. */
  readonly sha256: string
  end(): Promise<void>
}

/** Ms for a whole copy. */
const LIMIT = 10 * 60_000

export async function lend(file: string, host: string): Promise<Loan> {
  const [path, sha256, { size }] = [
    `/${randomBytes(24).toString('hex')}`,
    await sumOf(file),
    await stat(file),
  ]
  const server = createServer((asked, answer) => {
    if (asked.method !== 'GET' || asked.url !== path) {
      answer.writeHead(404, { Connection: 'close' }).end()
      return
    }
    answer.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size })
    // One that leaves is nothing to us.
    pipeline(createReadStream(file), answer).catch(() => {})
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port: 0 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}${path}`,
    sha256,
    end: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Fetches what is lent into a new file. @throws when it is not what it should be: then there is no use in the file */
export async function fetchLoan({ url, sha256 }: Pick<Loan, 'url' | 'sha256'>, file: string): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: false, signal }, resolve).once('error', reject)
  })
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`the copy is not lent any more: status ${response.statusCode}`)
  }
  await pipeline(Readable.from(response), createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal })
  if ((await sumOf(file)) !== sha256) throw new Error('what came is not what was lent')
}
