import { connect, type TLSSocket } from 'node:tls'
import { z } from 'zod'
import { WEBHOOK } from '../config/names.ts'
import { review } from './webhook-people.ts'

/**
 * The generator: bare TLS connections that are kept alive, requests made beforehand, and no more parsing than
 * finding where an answer ends, so that what is measured is the server and not the client.
 */
const order = z.object({
  port: z.number(),
  certificate: z.string(),
  seconds: z.number(),
  /** Requests per second in an open loop; 0 for a closed loop, where each connection sends when answered. */
  rate: z.number(),
  connections: z.number(),
  people: z.number(),
})
type Order = z.infer<typeof order>

/** What the generator tells: latencies in ms, how many answers, over how many seconds. */
export const report = z.object({
  p50: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
  answers: z.number(),
  failures: z.number(),
  seconds: z.number(),
})

const HEADERS_END = Buffer.from('\r\n\r\n')

/** One connection: `send` answers when the whole answer came, with whether it was a 200. */
class Line {
  readonly #socket: TLSSocket
  #pending: Buffer = Buffer.alloc(0)
  #answered: ((good: boolean) => void) | undefined

  constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => this.#answered?.(false))
    socket.on('error', () => {})
  }

  send(request: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#answered = resolve
      this.#socket.write(request)
    })
  }

  #take(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const head = this.#pending.indexOf(HEADERS_END)
    if (head < 0) return
    const text = this.#pending.toString('latin1', 0, head)
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (this.#pending.length < head + HEADERS_END.length + length) return
    this.#pending = Buffer.alloc(0)
    this.#answered?.(text.startsWith('HTTP/1.1 200'))
  }

  end(): void {
    this.#answered = undefined
    this.#socket.destroy()
  }
}

function open({ port, certificate }: Order): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: certificate }, () => resolve(new Line(socket)))
    socket.once('error', reject)
  })
}

/** Requests of two hundred people, so that the lookup is not always the same. */
function requests(people: number): Buffer[] {
  return Array.from({ length: 200 }, (_, i) => {
    const body = review(`person-${Math.floor((i * people) / 200)}`)
    const head = `POST ${WEBHOOK.path} HTTP/1.1\r\nHost: webhook.deskfleet-system.svc\r\nUser-Agent: kube-apiserver-admission\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
}

async function closedLoop(lines: Line[], all: Buffer[], seconds: number, note: Note): Promise<void> {
  const end = performance.now() + seconds * 1000
  let next = 0
  await Promise.all(
    lines.map(async (line) => {
      for (let start = performance.now(); start < end; start = performance.now()) {
        const good = await line.send(all[next++ % all.length] ?? HEADERS_END)
        note(performance.now() - start, good)
      }
    }),
  )
}

/** Each request has its time. One that finds no free connection waits, and its latency counts from that time. */
async function openLoop(lines: Line[], all: Buffer[], { seconds, rate }: Order, note: Note): Promise<void> {
  const total = Math.round(seconds * rate)
  const free = [...lines]
  const due: number[] = []
  let sent = 0
  let done = 0
  const begin = performance.now() + 20
  await new Promise<void>((resolve) => {
    const go = () => {
      while (due.length > 0 && free.length > 0) {
        const line = free.pop()
        const intended = due.shift()
        if (!line || intended === undefined) break
        void line.send(all[done % all.length] ?? HEADERS_END).then((good) => {
          note(performance.now() - intended, good)
          free.push(line)
          if (++done === total) resolve()
          else go()
        })
      }
    }
    const tick = () => {
      const now = performance.now()
      while (sent < total && begin + (sent * 1000) / rate <= now) due.push(begin + (sent++ * 1000) / rate)
      go()
      // setTimeout is a millisecond coarse, which would count as the server's; near the time, spin the loop.
      if (sent < total) begin + (sent * 1000) / rate - now > 1.5 ? setTimeout(tick, 0.5) : setImmediate(tick)
    }
    tick()
  })
}

type Note = (ms: number, good: boolean) => void

async function measure(given: Order): Promise<z.infer<typeof report>> {
  const all = requests(given.people)
  const lines = await Promise.all(Array.from({ length: given.connections }, () => open(given)))
  const latencies: number[] = []
  let failures = 0
  const note: Note = (ms, good) => {
    latencies.push(ms)
    if (!good) failures++
  }
  const start = performance.now()
  if (given.rate > 0) await openLoop(lines, all, given, note)
  else await closedLoop(lines, all, given.seconds, note)
  const seconds = (performance.now() - start) / 1000
  for (const line of lines) line.end()
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return {
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
    answers: sorted.length,
    failures,
    seconds,
  }
}

process.on('message', async (raw) => {
  process.send?.(await measure(order.parse(raw)))
})
process.on('disconnect', () => process.exit(0))
