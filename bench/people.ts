import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { NODE_FLAGS } from '../charts/kit/pods.ts'
import { NAMESPACES, WEBHOOK } from '../config/names.ts'
import { type BareLab, up } from '../lab/bare/bare.ts'
import { startPlatform } from '../lab/bare/platform.ts'
import { must } from '../test/harness/lab.ts'
import { child } from './child.ts'
import { fillDirectory } from './fill-directory.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Shipped, ship, type Watch, type Watched } from './shipped.ts'
import { metric, portsOf, startWebhook, until } from './shipped-webhook.ts'
import { shown, spread } from './spread.ts'
import { report } from './webhook-load.ts'

/**
 * Ten thousand people on a real slapd and a real API server, with the identity sync and the webhook as images have them:
 * how long the first publishing and a whole reading take, how long their event loops stand meanwhile, and what the
 * webhook takes of memory at rest and on a busy machine.
 */

const PEOPLE = 10_000
const READINGS = 3
const SECONDS = 15
const MIB = 2 ** 20
/** What is promised: seconds, ms, MiB. */
const TARGETS = { publish: 60, reading: 3, longest: 20, rss: 128 }

const say = (line: string): void => console.error(`  ${line}`)

/** Prints a table, and writes `bench/results/people.json`. */
export async function run(): Promise<void> {
  const before = machine()
  const lab = await up({ name: `bench-${process.pid}`, ldap: true, ownerPid: process.pid, progress: say })
  const shipped = await ship(['directory/sync/main.ts', 'webhook/main.ts', 'bench/idle.ts'])
  try {
    const platform = await startPlatform(lab, say)
    for (const program of ['identity-sync', 'webhook'] as const) await platform.stop(program)
    say(`adding ${PEOPLE} people to LDAP`)
    await fillDirectory(lab, PEOPLE)
    const result = { machine: before, people: PEOPLE, targets: TARGETS, ...(await measure(lab, shipped)) }
    print(result)
    writeResult('people', result)
  } finally {
    shipped.remove()
    await lab.down()
  }
}

async function measure(lab: BareLab, shipped: Shipped) {
  const control = shipped.start('bench/idle.ts', { flags: NODE_FLAGS, env: {} })
  const webhook = await startWebhook(lab, shipped)
  const started: Watched[] = [control, webhook.process]
  const watch = async (sync: Watched) => ({
    sync: loopOf(await sync.ask()),
    webhook: loopOf(await webhook.process.ask()),
    control: loopOf(await control.ask()),
  })
  try {
    await webhook.ready()
    await webhook.process.ask()
    await control.ask()
    say('publishing everybody for the first time')
    const first = await startSync(lab, shipped)
    started.push(first.process)
    const publish = { seconds: await first.published(), loops: await watch(first.process) }
    await webhook.knows(PEOPLE)
    await first.process.end()
    say('reading everybody')
    const readings = []
    for (let i = 0; i < READINGS; i++) {
      await control.ask()
      await webhook.process.ask()
      const again = await startSync(lab, shipped)
      started.push(again.process)
      // Its own start is no part of it.
      await again.process.ask()
      readings.push({ seconds: await again.read(), loops: await watch(again.process) })
      await again.process.end()
    }
    say('the webhook begins anew with everybody')
    await webhook.process.end()
    const anew = await startWebhook(lab, shipped)
    started.push(anew.process)
    await control.ask()
    await anew.ready()
    const begin = { webhook: loopOf(await anew.process.ask()), control: loopOf(await control.ask()) }
    await sleep(10_000)
    const rest = (await anew.process.ask()).rss / MIB
    say('the webhook on a busy machine')
    const busy = await load(lab, anew.port)
    const { rss, most, longest } = await anew.process.ask()
    return {
      publish,
      readings,
      begin,
      webhook: { rest, busy: rss / MIB, most: most / MIB, longest },
      load: busy,
      controlBusy: loopOf(await control.ask()),
    }
  } finally {
    for (const one of started) await one.end()
  }
}

const loopOf = ({ longest, p99, cpu }: Watch) => ({ longest, p99, cpuSeconds: cpu / 1e6 })

type Measured = Awaited<ReturnType<typeof measure>>

async function startSync(lab: BareLab, shipped: Shipped) {
  const { ldap } = lab
  if (!ldap) throw new Error('the lab has no LDAP')
  const { syncHealth } = portsOf(lab)
  const env = {
    KUBECONFIG: await lab.actAs(NAMESPACES.system, 'identity-sync'),
    DESKFLEET_LDAP_URL: ldap.url,
    DESKFLEET_LDAP_BASE_DN: ldap.baseDN,
    DESKFLEET_LDAP_BIND_DN: ldap.readerDN,
    DESKFLEET_LDAP_PASSWORD_FILE: ldap.readerPasswordFile,
    DESKFLEET_LDAP_CA_FILE: ldap.caFile,
    DESKFLEET_METRICS_LISTEN: `127.0.0.1:${syncHealth}`,
  }
  const process = shipped.start('directory/sync/main.ts', { flags: NODE_FLAGS, env })
  const full = async (): Promise<number> => {
    const count = 'deskfleet_identity_sync_pass_seconds_count{pass="full"}'
    const text = await until(syncHealth, '/metrics', (text) => (metric(text, count) ?? 0) >= 1)
    return metric(text, 'deskfleet_identity_sync_pass_seconds_sum{pass="full"}') ?? Number.NaN
  }
  return { process, published: full, read: full }
}

/** Reviews at 500/s and as fast as they are answered, beside two processes that want the whole processor. */
async function load(lab: BareLab, port: number) {
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}'
  const of = `mutatingwebhookconfiguration/${WEBHOOK.configuration}`
  const encoded = await must(lab, ['get', of, '-o', path])
  const certificate = Buffer.from(encoded, 'base64').toString('utf8')
  const generator = child('webhook-load.ts')
  const busy = [1, 2].map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
  try {
    const order = { port, certificate, people: PEOPLE, seconds: SECONDS }
    const open = await generator.ask(report, { ...order, rate: 500, connections: 16 })
    const closed = await generator.ask(report, { ...order, rate: 0, connections: 8 })
    return { open, closed }
  } finally {
    for (const one of busy) one.kill('SIGKILL')
    generator.end()
  }
}

function print({ publish, readings, begin, webhook, load, controlBusy }: Measured): void {
  const reading = spread(readings.map(({ seconds }) => seconds))
  const longest = (pick: (one: (typeof readings)[number]) => number) => shown(spread(readings.map(pick)), 0)
  console.log(
    `${PEOPLE} people, as shipped. Loops: the longest that one stood, in ms; beside it, one that does nothing.`,
  )
  console.table({
    'first publish': {
      seconds: publish.seconds.toFixed(1),
      sync: publish.loops.sync.longest.toFixed(0),
      webhook: publish.loops.webhook.longest.toFixed(0),
      nothing: publish.loops.control.longest.toFixed(0),
    },
    'whole reading': {
      seconds: shown(reading, 1),
      sync: longest(({ loops }) => loops.sync.longest),
      webhook: longest(({ loops }) => loops.webhook.longest),
      nothing: longest(({ loops }) => loops.control.longest),
    },
    'webhook begins': {
      webhook: begin.webhook.longest.toFixed(0),
      nothing: begin.control.longest.toFixed(0),
    },
    'webhook busy': { webhook: webhook.longest.toFixed(0), nothing: controlBusy.longest.toFixed(0) },
  })
  console.log(
    `webhook, MiB: at rest ${webhook.rest.toFixed(0)}, after load ${webhook.busy.toFixed(0)}, ` +
      `at most ${webhook.most.toFixed(0)} (promised ≤ ${TARGETS.rss}); failed ${load.open.failures + load.closed.failures}`,
  )
}
