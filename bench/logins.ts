import { request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { CoreV1Api } from '@kubernetes/client-node'
import { NAMESPACES } from '../config/names.ts'
import { newBrowser } from '../test/gateway/browser.ts'
import { PASSWORD } from '../test/gateway/people.ts'
import { administrator } from '../test/harness/lab.ts'
import { type Child, child, Usage } from './child.ts'
import { Began, type GatewayLab, gatewayLab, say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Percentiles, percentiles } from './spread.ts'

const PEOPLE = 100
const SECONDS = 60
/** How long a desktop takes from its PC to its first picture, about as in a room. */
const START_TAKES = 4_000
/** What the design promises of the pages, in ms. */
const PAGE_P95 = 1_000

/**
 * A morning: a hundred people log in within a minute, at one replica that has one core, over a real API server and
 * slapd. The PC only pretends, so what is measured is the gateway. Every page comes by a TLS connection of its own,
 * which is harder than what browsers do. Beside it, in the same rhythm, a server that only serves a page.
 */
export async function run(): Promise<void> {
  const facts = machine()
  const made = await gatewayLab(PEOPLE)
  const children: Child[] = []
  const begin = async (message: object): Promise<{ server: Child; origin: string }> => {
    const server = child('gateway-process.ts', { cores: '0' })
    children.push(server)
    return { server, ...(await server.ask(Began, message)) }
  }
  try {
    made.pc.startTakes(START_TAKES)
    const gateway = await begin({ gateway: 'logins', lab: made.lab.name })
    const page = (await newBrowser(gateway.origin).get('/login')).text
    const floor = await begin({ floor: page })
    say(`${PEOPLE} people log in within ${SECONDS} s`)
    const watch = watchStarts(made)
    const before = await gateway.server.ask(Usage, { ask: 'usage' })
    const began = performance.now()
    const visits = await inRhythm(made.people, (login) => visit(gateway.origin, login))
    const all = (performance.now() - began) / 1000
    const after = await gateway.server.ask(Usage, { ask: 'usage' })
    const { most, samples } = await watch()
    say('the same rhythm at a server that only serves a page')
    const plain = await inRhythm(made.people.slice(0, PEOPLE / 2), (login) =>
      visit(floor.origin, login, false),
    )
    const result = {
      machine: facts,
      people: PEOPLE,
      seconds: SECONDS,
      pageMs: percentiles(visits.flatMap(({ pages }) => pages)),
      loginMs: percentiles(visits.map(({ login }) => login)),
      floorMs: percentiles(plain.flatMap(({ pages }) => pages)),
      readyMs: percentiles(visits.map(({ ready }) => ready)),
      failed: visits.filter(({ failed }) => failed !== undefined).map(({ failed }) => failed),
      startingAtOnce: { cap: 8, most, samples },
      everybodyReadyAfterS: all,
      gateway: { cpuSeconds: (after.cpu - before.cpu) / 1e6, rssMiB: after.rss / 2 ** 20 },
      promised: { pageP95Ms: PAGE_P95 },
    }
    print(result)
    writeResult('logins', result)
  } finally {
    for (const one of children) one.end()
    await made.end()
  }
}

interface Visit {
  /** Ms of each page, from the request to the last byte. */
  readonly pages: readonly number[]
  /** Ms of the login alone, LDAP's part included. */
  readonly login: number
  /** Ms from the login's click until the page says that the desktop is there. */
  readonly ready: number
  readonly failed?: string
}

/** What a person's browser asks for: the login, the answer to it, the page of the desktop, and its events. */
async function visit(origin: string, login: string, real = true): Promise<Visit> {
  const browser = newBrowser(origin)
  const pages: number[] = []
  const timed = async (work: () => Promise<{ status: number }>, wanted: number): Promise<void> => {
    const since = performance.now()
    const { status } = await work()
    pages.push(performance.now() - since)
    if (real && status !== wanted) throw new Error(`${status}`)
  }
  const since = performance.now()
  try {
    await timed(() => browser.get('/login'), 200)
    await timed(() => browser.post('/login', { login, password: PASSWORD }), 303)
    // Until the cluster has shown what the login asked for, the page leads to itself, as browsers follow.
    await timed(async () => {
      const first = await browser.get('/desktop')
      return real && first.status === 303 ? await browser.get('/desktop') : first
    }, 200)
    if (real) await untilReady(origin, browser.cookie)
    return { pages, login: pages[1] ?? Number.NaN, ready: performance.now() - since }
  } catch (error) {
    const failed = `${login}: ${error instanceof Error ? error.message : error}`
    return { pages, login: pages[1] ?? Number.NaN, ready: performance.now() - since, failed }
  }
}

const READY_PATIENCE = 120_000

/** Follows the page's events, as its script does. */
function untilReady(origin: string, cookie: string): Promise<void> {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(origin)
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: '/desktop/events',
        headers: { host: `${hostname}:${port}`, cookie, accept: 'text/event-stream' },
        rejectUnauthorized: false,
        agent: false,
      },
      (answer) => {
        answer.on('error', () => {})
        answer.on('data', (text: Buffer) => {
          if (!text.includes('"state":"ready"')) return
          clearTimeout(limit)
          asked.destroy()
          done()
        })
      },
    )
    const limit = setTimeout(() => asked.destroy(new Error('not ready in time')), READY_PATIENCE)
    asked.on('error', fail)
    asked.end()
  })
}

/** Everybody at their own time, evenly, whether or not the others are done. */
function inRhythm<T>(people: readonly string[], work: (login: string) => Promise<T>): Promise<T[]> {
  return Promise.all(
    people.map(async (login, index) => {
      await sleep((index * SECONDS * 1000) / PEOPLE)
      return work(login)
    }),
  )
}

/** Looks again and again how many desktops are starting at once, until it is called. */
function watchStarts({ lab }: GatewayLab): () => Promise<{ most: number; samples: number }> {
  const core = administrator(lab).makeApiClient(CoreV1Api)
  let [most, samples, over] = [0, 0, false]
  const watching = (async () => {
    while (!over) {
      const { items } = await core.listNamespacedPod({ namespace: NAMESPACES.desktops })
      const starting = items.filter(
        ({ status }) =>
          !status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      ).length
      most = Math.max(most, starting)
      samples++
      await sleep(250)
    }
  })()
  return async () => {
    over = true
    await watching
    return { most, samples }
  }
}

function print(result: {
  readonly pageMs: Percentiles
  readonly loginMs: Percentiles
  readonly floorMs: Percentiles
  readonly readyMs: Percentiles
  readonly failed: readonly unknown[]
  readonly startingAtOnce: { readonly cap: number; readonly most: number }
  readonly everybodyReadyAfterS: number
  readonly gateway: { readonly cpuSeconds: number; readonly rssMiB: number }
}): void {
  const { pageMs, loginMs, floorMs, readyMs, failed, startingAtOnce, gateway } = result
  const row = ({ p50, p95, max }: Percentiles) => ({
    'p50 ms': p50.toFixed(0),
    'p95 ms': p95.toFixed(0),
    'max ms': max.toFixed(0),
  })
  console.log(
    `logins: ${PEOPLE} people in ${SECONDS} s, one replica on one core, a connection for every page`,
  )
  console.table({
    'every page': row(pageMs),
    'the login alone': row(loginMs),
    'a page of a plain server': row(floorMs),
    'login to ready': row(readyMs),
  })
  console.log(
    `p95 of a page is ${(pageMs.p95 / floorMs.p95).toFixed(1)} × the plain server's; promised ≤ ${PAGE_P95} ms: ${pageMs.p95 <= PAGE_P95 ? 'kept' : 'NOT kept'}`,
  )
  console.log(
    `${failed.length} failed; at most ${startingAtOnce.most} desktops started at once (cap ${startingAtOnce.cap}); all ready after ${result.everybodyReadyAfterS.toFixed(0)} s`,
  )
  console.log(
    `the gateway used ${gateway.cpuSeconds.toFixed(1)} s of its core, ${gateway.rssMiB.toFixed(0)} MiB`,
  )
}

if (import.meta.main) await run()
