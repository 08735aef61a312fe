import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { freePorts } from '../lab/network/ports.ts'
import { type Browser, newBrowser } from '../test/gateway/browser.ts'
import { PASSWORD } from '../test/gateway/people.ts'
import { becomes } from '../test/gateway/room.ts'
import { openScreen } from '../test/gateway/screen-client.ts'
import { type Child, child, Usage } from './child.ts'
import { Began, Done, gatewayLab, say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { ANSWER, GREETING, HANDSHAKE, order, PIECE } from './screen-words.ts'
import { percentiles, type Spread, shown, spread } from './spread.ts'

const VIEWERS = 50
const ROUNDS = 6
const ECHOES = 500
const PIECES = 1_024
const ARMS = ['gateway and bridge', 'two raw TCP relays'] as const
type Arm = (typeof ARMS)[number]

/** A connection to a screen, whatever carries it. */
interface Line {
  send(bytes: Buffer): void
  onBytes(take: (length: number) => void): void
  close(): void
}

interface Sample {
  readonly p50: number
  readonly p99: number
  readonly MiBPerSecond: number
}

/**
 * What the way to a screen costs. Ours is TLS, websocket, a check of who it is, and a read of what a person does, twice
 * over (gateway and bridge); beside it the same bytes through two relays that only copy. The screen's end is the same.
 */
export async function run(): Promise<void> {
  const facts = machine()
  const made = await gatewayLab(VIEWERS)
  const children: Child[] = []
  const relays: ChildProcess[] = []
  try {
    const gateway = child('gateway-process.ts')
    const desktops = child('screen-desktops.ts')
    children.push(gateway, desktops)
    const { origin } = await gateway.ask(Began, { gateway: 'screens', lab: made.lab.name })
    say(`${VIEWERS} people log in`)
    const browsers: Browser[] = []
    for (const login of made.people) {
      const browser = newBrowser(origin)
      await browser.login(login, PASSWORD)
      await becomes(browser, 'ready', 60)
      browsers.push(browser)
    }
    const { socket, ports } = await desktops.ask(Places, { lab: made.lab.name, people: made.people })
    await gateway.ask(Done, { ports })
    const port = await rawRelays(socket, relays)
    const [first] = browsers
    if (!first) throw new Error('nobody logged in')
    const open: Readonly<Record<Arm, () => Promise<Line>>> = {
      'gateway and bridge': () => byGateway(origin, first),
      'two raw TCP relays': () => byRelays(port),
    }
    const samples = await measureAll(open)
    const perViewer = await memory(gateway, () =>
      Promise.all(browsers.map((browser) => byGateway(origin, browser))),
    )
    const arms = ARMS.map((arm) => {
      const of = (pick: (sample: Sample) => number) => spread((samples.get(arm) ?? []).map(pick))
      return {
        arm,
        p50: of(({ p50 }) => p50),
        p99: of(({ p99 }) => p99),
        MiBPerSecond: of(({ MiBPerSecond }) => MiBPerSecond),
      }
    })
    const paired = (ratio: (ours: Sample, raw: Sample) => number): Spread =>
      spread(
        (samples.get(ARMS[0]) ?? []).flatMap((ours, index) => {
          const raw = samples.get(ARMS[1])?.[index]
          return raw ? [ratio(ours, raw)] : []
        }),
      )
    const result = {
      machine: facts,
      answerBytes: ANSWER,
      streamMiB: (PIECES * PIECE) / 2 ** 20,
      arms,
      addedMs: paired((ours, raw) => ours.p50 - raw.p50),
      latencyRatio: paired((ours, raw) => ours.p50 / raw.p50),
      throughputRatio: paired((ours, raw) => ours.MiBPerSecond / raw.MiBPerSecond),
      viewers: VIEWERS,
      gatewayKiBPerViewer: perViewer,
    }
    print(result)
    writeResult('screen', result)
  } finally {
    for (const relay of relays) relay.kill()
    for (const one of children) one.end()
    await made.end()
  }
}

const Places = z.object({ socket: z.string(), ports: z.record(z.string(), z.number()) })

/** The lab's own relay, twice, as a gateway and a bridge that did nothing. */
async function rawRelays(socket: string, relays: ChildProcess[]): Promise<number> {
  const [port = 0] = await freePorts(1)
  const between = `${socket}.between`
  const script = join(import.meta.dirname, '..', 'lab', 'network', 'relay.ts')
  for (const ends of [
    [`unix:${between}`, `unix:${socket}`],
    [`tcp:127.0.0.1:${port}`, `unix:${between}`],
  ])
    relays.push(spawn(process.execPath, [script, ...ends], { stdio: 'ignore' }))
  while (!existsSync(between)) await sleep(20)
  for (let tries = 0; tries < 100; tries++) {
    const there = await new Promise<boolean>((done) => {
      const near = connect(port, '127.0.0.1', () => {
        near.destroy()
        done(true)
      })
      near.once('error', () => done(false))
    })
    if (there) return port
    await sleep(50)
  }
  throw new Error('the raw relays do not listen')
}

async function byGateway(origin: string, browser: Browser): Promise<Line> {
  const web = await openScreen(origin, browser)
  return greeted({
    send: (bytes) => web.send(bytes),
    onBytes: (take) => web.on('message', (data: Buffer) => take(data.length)),
    close: () => web.close(),
  })
}

async function byRelays(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  return greeted({
    send: (bytes) => socket.write(bytes),
    onBytes: (take) => socket.on('data', ({ length }) => take(length)),
    close: () => socket.destroy(),
  })
}

/** Resolves when the screen has said its first word, and our part of the handshake is said. */
async function greeted(line: Line): Promise<Line> {
  let take = (_length: number): void => {}
  line.onBytes((length) => take(length))
  const whole: Line = {
    ...line,
    onBytes: (next) => {
      take = next
    },
  }
  const hello = awaited(whole, GREETING.length)
  line.send(HANDSHAKE)
  await hello
  return whole
}

function awaited(line: Line, length: number): Promise<void> {
  return new Promise((done, fail) => {
    let left = length
    const limit = setTimeout(() => fail(new Error(`${left} bytes of ${length} did not come`)), 60_000)
    line.onBytes((came) => {
      left -= came
      if (left > 0) return
      clearTimeout(limit)
      done()
    })
  })
}

async function measureAll(
  open: Readonly<Record<Arm, () => Promise<Line>>>,
): Promise<ReadonlyMap<Arm, Sample[]>> {
  const samples = new Map<Arm, Sample[]>(ARMS.map((arm) => [arm, []]))
  for (let round = -1; round < ROUNDS; round++) {
    if (round >= 0) say(`round ${round + 1} of ${ROUNDS}`)
    for (const arm of round % 2 === 0 ? ARMS : ARMS.toReversed()) {
      const sample = await measure(await open[arm]())
      // The first round warms both up.
      if (round >= 0) samples.get(arm)?.push(sample)
    }
  }
  return samples
}

async function measure(line: Line): Promise<Sample> {
  const times: number[] = []
  for (let count = 0; count < ECHOES; count++) {
    const since = performance.now()
    const came = awaited(line, ANSWER)
    line.send(order(0))
    await came
    times.push(performance.now() - since)
  }
  const since = performance.now()
  const came = awaited(line, PIECES * PIECE)
  line.send(order(PIECES))
  await came
  const MiBPerSecond = (PIECES * PIECE) / 2 ** 20 / ((performance.now() - since) / 1000)
  line.close()
  await sleep(200)
  const { p50, p99 } = percentiles(times)
  return { p50, p99, MiBPerSecond }
}

/** What the gateway needs for a viewer who has seen a picture come by, in KiB. */
async function memory(gateway: Child, open: () => Promise<Line[]>): Promise<number> {
  const before = await gateway.ask(Usage, { ask: 'usage' })
  const lines = await open()
  await Promise.all(
    lines.map(async (line) => {
      const came = awaited(line, 16 * PIECE)
      line.send(order(16))
      await came
    }),
  )
  await sleep(2_000)
  const after = await gateway.ask(Usage, { ask: 'usage' })
  for (const line of lines) line.close()
  return (after.rss - before.rss) / lines.length / 1024
}

function print(result: {
  readonly arms: readonly { arm: Arm; p50: Spread; p99: Spread; MiBPerSecond: Spread }[]
  readonly addedMs: Spread
  readonly latencyRatio: Spread
  readonly throughputRatio: Spread
  readonly gatewayKiBPerViewer: number
}): void {
  console.log(`the way to a screen: six bytes there, ${ANSWER} back; then ${(PIECES * PIECE) / 2 ** 20} MiB`)
  console.table(
    Object.fromEntries(
      result.arms.map(({ arm, p50, p99, MiBPerSecond }) => [
        arm,
        { 'p50 ms': shown(p50), 'p99 ms': shown(p99), 'MiB/s': shown(MiBPerSecond, 0) },
      ]),
    ),
  )
  console.log(`adds ${shown(result.addedMs)} ms, ${shown(result.latencyRatio, 1)} × the raw relays`)
  console.log(`${shown(result.throughputRatio)} of the raw relays' throughput`)
  console.log(`${result.gatewayKiBPerViewer.toFixed(0)} KiB of the gateway's memory for a viewer`)
}

if (import.meta.main) await run()
