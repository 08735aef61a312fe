import { spawn } from 'node:child_process'
import { Agent, request } from 'node:https'
import { newAuthority } from '../certificates/authority.ts'
import type { Pair } from '../certificates/issue.ts'
import { newLeaf } from '../certificates/leaf.ts'
import { WEBHOOK_FLAGS } from '../charts/webhook.ts'
import { WEBHOOK } from '../config/names.ts'
import { child, Usage } from './child.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { ship } from './shipped.ts'
import { shown, spread } from './spread.ts'
import { Listening } from './webhook.ts'
import { report } from './webhook-load.ts'

/**
 * How far the webhook's memory grows while two other processes want the whole processor: by what is usual, and by the
 * worst reviews that may come. Each round is a new process.
 */

const ROUNDS = 3
const SECONDS = 6
const PEOPLE = 10_000
const RATE = 500
/** So many at once. */
const WORST = 8
const MIB = 2 ** 20

/** Prints a table, and writes `bench/results/webhook-busy.json`. */
export async function run(): Promise<void> {
  const before = machine()
  const authority = await newAuthority({ name: 'bench' }, new Date())
  const rounds: Round[] = []
  const shipped = await ship(['bench/webhook-server.ts'])
  try {
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(authority, shipped.folder))
  } finally {
    shipped.remove()
  }
  const of = (pick: (round: Round) => number) => spread(rounds.map(pick))
  const result = {
    machine: before,
    people: PEOPLE,
    rate: RATE,
    flags: WEBHOOK_FLAGS,
    p50: of(({ open }) => open.p50),
    p99: of(({ open }) => open.p99),
    perSecond: of(({ closed }) => closed.answers / closed.seconds),
    usual: of(({ usual }) => usual / MIB),
    worst: of(({ worst }) => worst / MIB),
    failures: rounds.reduce((sum, { open, closed }) => sum + open.failures + closed.failures, 0),
  }
  console.log('The webhook beside two processes that want the whole processor. Median (min–max) of rounds.')
  console.table({
    [`p50 ms at ${RATE}/s`]: shown(result.p50, 1),
    p99: shown(result.p99, 1),
    'closed loop /s': shown(result.perSecond, 0),
    'most RSS, MiB': shown(result.usual, 0),
    'after the worst reviews': shown(result.worst, 0),
    failed: result.failures,
  })
  writeResult('webhook-busy', result)
}

type Round = Awaited<ReturnType<typeof measure>>

async function measure(authority: Pair, shipped: string) {
  const { certificate, key } = await newLeaf(authority, ['127.0.0.1'], new Date())
  const server = child('webhook-server.ts', { flags: WEBHOOK_FLAGS, shipped })
  const generator = child('webhook-load.ts')
  const busy = [1, 2].map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
  try {
    const { port } = await server.ask(Listening, { start: 'webhook', people: PEOPLE, certificate, key })
    const load = (rate: number, connections: number) => {
      const order = { port, certificate: authority.certificate, rate, connections, people: PEOPLE }
      return generator.ask(report, { ...order, seconds: SECONDS })
    }
    const most = async () => (await server.ask(Usage, { ask: 'usage' })).most
    const open = await load(RATE, 16)
    const closed = await load(0, 8)
    const usual = await most()
    const agent = new Agent({ keepAlive: true, maxSockets: WORST, ca: authority.certificate })
    for (const body of [manyValues(120_000), manyValues(500_000)])
      await Promise.all(Array.from({ length: WORST }, () => post(port, agent, body)))
    agent.destroy()
    return { open, closed, usual, worst: await most() }
  } finally {
    for (const one of busy) one.kill('SIGKILL')
    server.end()
    generator.end()
  }
}

/** As long as a body may be, with that many fields; what is left is text. */
function manyValues(count: number): Buffer {
  const fields = Array.from({ length: count }, (_, i) => `"${i.toString(36)}":{}`).join(',')
  const length = 7 * MIB - 200
  return Buffer.from(`{${fields},"text":"${'a'.repeat(Math.max(0, length - fields.length))}"}`)
}

/** Whatever comes back, or nothing: it is for the memory. */
function post(port: number, agent: Agent, body: Buffer): Promise<void> {
  return new Promise((done) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }
    const to = { host: '127.0.0.1', port, agent, method: 'POST', path: WEBHOOK.path, headers }
    request(to, (answer) => answer.resume().on('end', done))
      .on('error', () => done())
      .end(body)
  })
}
