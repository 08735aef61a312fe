import { parseArgs } from 'node:util'
import { z } from 'zod'
import { newAuthority } from '../certificates/authority.ts'
import type { Pair } from '../certificates/issue.ts'
import { newLeaf } from '../certificates/leaf.ts'
import { WEBHOOK_FLAGS } from '../charts/webhook.ts'
import { type Child, child, Usage } from './child.ts'
import { type Machine, machine } from './machine.ts'
import { writeResult } from './results.ts'
import { ship } from './shipped.ts'
import { type Spread, shown, spread } from './spread.ts'
import { report } from './webhook-load.ts'
import { review } from './webhook-people.ts'

const ARMS = ['webhook', 'echo', 'json', 'clone-and-diff'] as const
type Arm = (typeof ARMS)[number]

/** Each once, then each once backwards, so that a machine that slows down or speeds up does so for all alike. */
const ROUND: readonly Arm[] = [...ARMS, ...ARMS.toReversed()]
const ROUNDS = 2
/** The share of the time that goes by before anything counts: V8 compiles for thousands of requests. */
const WARM_UP = 0.25
const PEOPLE = 10_000
const RATES = [500, 2_000] as const
const CONNECTIONS = { open: 16, closed: 8 }

/** What the design promises. */
const TARGETS = { p99: [2, 5], ofJson: 0.6, ofCloneAndDiff: 3 } as const

interface Sample {
  /** At each of the rates. */
  readonly open: readonly z.infer<typeof report>[]
  readonly closed: z.infer<typeof report>
  /** CPU that the server spent on an answer in the closed loop, in µs. */
  readonly cpu: number
  readonly rss: number
}

interface Server {
  readonly child: Child
  readonly port: number
}

/** Measures for about `seconds` in all, prints a table, and writes `bench/results/webhook.json`. */
export async function run(seconds = 60): Promise<boolean> {
  const authority = await newAuthority({ name: 'bench' }, new Date())
  const leaf = await newLeaf(authority, ['127.0.0.1'], new Date())
  const before = machine()
  const generator = child('webhook-load.ts')
  const servers = new Map<Arm, Server>()
  const shipped = await ship(['bench/webhook-server.ts'])
  try {
    for (const arm of ARMS) servers.set(arm, await startServer(arm, leaf, shipped.folder))
    const samples = await measureAll(servers, generator, authority, seconds)
    const result = summarise(samples, before)
    print(result)
    writeResult('webhook', result)
    return result.met
  } finally {
    generator.end()
    for (const server of servers.values()) server.child.end()
    shipped.remove()
  }
}

async function startServer(arm: Arm, { certificate, key }: Pair, shipped: string): Promise<Server> {
  const started = child('webhook-server.ts', { flags: WEBHOOK_FLAGS, shipped })
  const { port } = await started.ask(Listening, { start: arm, people: PEOPLE, certificate, key })
  return { child: started, port }
}

export const Listening = z.object({ port: z.number() })

async function measureAll(
  servers: ReadonlyMap<Arm, Server>,
  generator: Child,
  authority: Pair,
  seconds: number,
): Promise<Map<Arm, Sample[]>> {
  const slice = (seconds * (1 - WARM_UP)) / (ROUND.length * ROUNDS)
  const load = async (port: number, rate: number, span: number) => {
    const connections = rate > 0 ? CONNECTIONS.open : CONNECTIONS.closed
    const order = {
      port,
      certificate: authority.certificate,
      seconds: span,
      rate,
      connections,
      people: PEOPLE,
    }
    return generator.ask(report, order)
  }
  for (const { port } of servers.values()) await load(port, 0, (seconds * WARM_UP) / ARMS.length)
  const samples = new Map<Arm, Sample[]>(ARMS.map((arm) => [arm, []]))
  for (const arm of Array.from({ length: ROUNDS }, () => ROUND).flat()) {
    const server = servers.get(arm)
    if (!server) continue
    const open = []
    for (const rate of RATES) open.push(await load(server.port, rate, slice * 0.35))
    const start = await server.child.ask(Usage, { ask: 'usage' })
    const closed = await load(server.port, 0, slice * 0.3)
    const end = await server.child.ask(Usage, { ask: 'usage' })
    const cpu = (end.cpu - start.cpu) / closed.answers
    samples.get(arm)?.push({ open, closed, cpu, rss: end.rss / 2 ** 20 })
  }
  return samples
}

type Result = ReturnType<typeof summarise>

function summarise(samples: ReadonlyMap<Arm, readonly Sample[]>, facts: Machine) {
  const of = (arm: Arm, pick: (sample: Sample) => number) => spread((samples.get(arm) ?? []).map(pick))
  const arms = ARMS.map((arm) => ({
    arm,
    open: RATES.map((rate, i) => ({
      rate,
      p50: of(arm, ({ open }) => open[i]?.p50 ?? Number.NaN),
      p99: of(arm, ({ open }) => open[i]?.p99 ?? Number.NaN),
      p999: of(arm, ({ open }) => open[i]?.p999 ?? Number.NaN),
    })),
    perSecond: of(arm, ({ closed }) => closed.answers / closed.seconds),
    cpu: of(arm, ({ cpu }) => cpu),
    rss: of(arm, ({ rss }) => rss),
    failures: (samples.get(arm) ?? []).reduce(
      (sum, { open, closed }) => [...open, closed].reduce((all, { failures }) => all + failures, sum),
      0,
    ),
  }))
  const ratios = {
    ofEcho: paired(samples, 'echo'),
    ofJson: paired(samples, 'json'),
    ofCloneAndDiff: paired(samples, 'clone-and-diff'),
  }
  const own = arms[0]
  const met =
    own !== undefined &&
    arms.every(({ failures }) => failures === 0) &&
    own.open.every(({ p99 }, i) => p99.median <= (TARGETS.p99[i] ?? 0)) &&
    ratios.ofJson.median >= TARGETS.ofJson &&
    ratios.ofCloneAndDiff.median >= TARGETS.ofCloneAndDiff
  return {
    machine: facts,
    people: PEOPLE,
    reviewBytes: review('person-1234').length,
    rates: RATES,
    connections: CONNECTIONS,
    targets: TARGETS,
    arms,
    ratios,
    met,
  }
}

/** Closed-loop throughput of the webhook over the control's, each pair measured next to each other. */
function paired(samples: ReadonlyMap<Arm, readonly Sample[]>, control: Arm): Spread {
  const perSecond = ({ closed }: Sample) => closed.answers / closed.seconds
  const controls = samples.get(control) ?? []
  return spread(
    (samples.get('webhook') ?? []).flatMap((own, i) => {
      const other = controls[i]
      return other ? [perSecond(own) / perSecond(other)] : []
    }),
  )
}

function print({ machine: facts, reviewBytes, arms, ratios, met }: Result): void {
  console.log(
    `The webhook on the wire: ${PEOPLE} people, ${reviewBytes} byte reviews, TLS, keep-alive. Median (min–max) of rounds.`,
  )
  console.log(
    `${facts.cpu}, ${facts.cores} cores, Node ${facts.node}, load ${facts.load[0]?.toFixed(2)} before`,
  )
  console.table(
    Object.fromEntries(
      arms.map((one) => [
        one.arm,
        {
          ...Object.fromEntries(
            one.open.flatMap(({ rate, p50, p99 }) => [
              [`p50 ms at ${rate}/s`, shown(p50, 2)],
              [`p99 at ${rate}/s`, shown(p99, 2)],
            ]),
          ),
          'closed loop /s': shown(one.perSecond, 0),
          'CPU µs each': shown(one.cpu, 0),
          'RSS MiB': shown(one.rss, 0),
          failed: one.failures,
        },
      ]),
    ),
  )
  console.log(`closed loop: ${shown(ratios.ofEcho, 2)} of the echo`)
  console.log(
    `closed loop: ${shown(ratios.ofJson, 2)} of a server that only reads and writes the JSON (promised ≥ ${TARGETS.ofJson})`,
  )
  console.log(
    `closed loop: ${shown(ratios.ofCloneAndDiff, 2)} × clone-and-diff (promised ≥ ${TARGETS.ofCloneAndDiff})`,
  )
  console.log(met ? 'All that is promised is kept.' : 'NOT all that is promised is kept.')
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
  process.exitCode = (await run(Number(values.seconds))) ? 0 : 1
}
