import { fork } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import type { BareLab } from '../../lab/bare/bare.ts'
import { sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { newBrowser } from './browser.ts'
import { type OwnGateway, ownGateway } from './own-gateway.ts'
import { PASSWORD, person } from './people.ts'
import { clear } from './room.ts'

/** Many connections that want nothing but to be there, against a real gateway: directly, and by a balancer's word. */

let lab: BareLab
const open: OwnGateway[] = []
const LOGIN = 'co-ada'

test.before(async () => {
  lab = await sharedLab()
  await person(lab, LOGIN)
})

test.after.always(async () => {
  await Promise.all(open.map(({ end }) => end()))
  await clear(lab)
})

async function gateway(name: string, env: Record<string, string> = {}): Promise<OwnGateway> {
  const one = await ownGateway(lab, name, { env })
  open.push(one)
  return one
}

const TRIES = 10_000
const ADDRESSES = 20

interface Crowd {
  tried(): number
  /** Tells it to try no more, and waits until all of its connections have ended. */
  leaves(): Promise<void>
}

/** See crowd.ts. */
function crowd(t: ExecutionContext, port: number, way: 'addresses' | 'ahead'): Crowd {
  const child = fork(join(import.meta.dirname, 'crowd.ts'), [`${port}`, `${TRIES}`, `${ADDRESSES}`, way])
  t.teardown(() => child.kill())
  let seen: { tried?: number; ended?: boolean } = {}
  child.on('message', (said: typeof seen) => {
    seen = { ...seen, ...said }
  })
  return {
    tried: () => seen.tried ?? 0,
    async leaves() {
      child.send('enough')
      await eventually('all of them end', () => seen.ended, { seconds: 120, every: 500 })
    },
  }
}

/** A number that the gateway tells of itself. */
async function told({ metrics }: OwnGateway, name: string): Promise<number> {
  const text = await (await fetch(`${metrics}/metrics`)).text()
  return Number(new RegExp(`^deskfleet_gateway_${name} (\\d+)$`, 'm').exec(text)?.[1])
}

/** The most connections that it had while something was done: its own count, for the kernel keeps some from it. */
async function mostWhile(gateway: OwnGateway, work: () => Promise<unknown>): Promise<number> {
  let [most, over] = [0, false]
  const watching = (async () => {
    while (!over) {
      most = Math.max(most, await told(gateway, 'connections'))
      await sleep(50)
    }
  })()
  await work().finally(() => {
    over = true
  })
  await watching
  return most
}

/** Somebody who tries again when a page does not come, as people do. */
const getsIn = (origin: string) =>
  eventually(
    'an honest visitor is let in',
    async () => (await newBrowser(origin).login(LOGIN, PASSWORD)).status === 303,
    { every: 500 },
  )

test.serial('a visitor logs in while 10,000 bad connections are tried from 20 addresses', async (t) => {
  t.timeout(300_000)
  // So few that a busy machine brings more, too.
  const perAddress = 10
  const crowded = await gateway('crowd', { DESKFLEET_CONNECTIONS_PER_ADDRESS: `${perAddress}` })
  const port = Number(new URL(crowded.origin).port)
  const bad = crowd(t, port, 'addresses')
  const most = await mostWhile(crowded, async () => {
    await eventually('the crowd is there', () => bad.tried() >= TRIES / 2)
    await getsIn(crowded.origin)
    await eventually('all of it has come', () => bad.tried() >= TRIES)
    await getsIn(crowded.origin)
  })
  // One address more, by which the honest one came.
  t.true(most <= (ADDRESSES + 1) * perAddress, `${most} at once`)
  t.true((await told(crowded, 'connections_ended_total')) > 0, 'some had to leave')
  t.log(`${bad.tried()} tried, ${most} at once`)
  await bad.leaves()
})

test.serial(
  'the same behind a balancer, which tells who is there; one address alone may not shut out another',
  async (t) => {
    t.timeout(300_000)
    const crowded = await gateway('crowd-behind', {
      DESKFLEET_PROXY_FROM: '127.0.0.1/32',
      DESKFLEET_CONNECTIONS: '100',
    })
    const port = Number(new URL(crowded.origin).port)
    const bad = crowd(t, port, 'ahead')
    const comes = () =>
      eventually('the page comes', async () =>
        /^HTTP\/1\.1 200 /.test(await page(port, 'PROXY TCP4 203.0.113.5 198.51.100.1 50000 443\r\n')),
      )
    const most = await mostWhile(crowded, async () => {
      await eventually('the crowd is there', () => bad.tried() >= TRIES / 2)
      await comes()
      await eventually('all of it has come', () => bad.tried() >= TRIES)
      await comes()
    })
    t.true(most <= 100, `${most} at once`)
    t.true((await told(crowded, 'connections_ended_total')) > 0, 'some had to leave')
    await bad.leaves()
  },
)

/** What the login page answers to somebody behind the balancer. */
async function page(port: number, ahead: string): Promise<string> {
  const tcp = connect({ host: '127.0.0.1', port })
  tcp.on('error', () => {})
  await new Promise<void>((done) => tcp.write(ahead, () => done()))
  const tls = connectTls({ socket: tcp, servername: 'localhost', rejectUnauthorized: false })
  tls.write(`GET /login HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of tls) text += chunk
  return text
}

test.serial(
  'a connection by which somebody is logged in stays, however many strangers come from its address',
  async (t) => {
    const { origin } = await gateway('crowd-known', { DESKFLEET_CONNECTIONS_PER_ADDRESS: '10' })
    const { hostname, port } = new URL(origin)
    const browser = newBrowser(origin)
    t.is((await browser.login(LOGIN, PASSWORD)).status, 303)
    const asked = connectTls({
      host: '127.0.0.1',
      port: Number(port),
      servername: hostname,
      rejectUnauthorized: false,
    })
    asked.on('error', () => {})
    let answers = ''
    asked.on('data', (chunk) => {
      answers += chunk
    })
    const ask = () =>
      asked.write(`GET /password HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${browser.cookie}\r\n\r\n`)
    const statuses = () => answers.match(/HTTP\/1\.1 200 /g)?.length ?? 0
    ask()
    await eventually('the page came', () => statuses() === 1)
    let ended = 0
    const strangers = Array.from({ length: 40 }, () =>
      connect({ host: '127.0.0.1', port: Number(port) })
        .on('error', () => {})
        .on('close', () => ended++),
    )
    await eventually('strangers give way to strangers', () => ended >= 30, { every: 5 })
    t.is(ended, 30, 'and no others yet')
    ask()
    await eventually('the page came again', () => statuses() === 2)
    t.false(asked.destroyed)
    for (const socket of [...strangers, asked]) socket.destroy()
  },
)
