import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { pino } from 'pino'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'
import { type ClusterView, watchCluster } from '../../gateway/cluster/view.ts'
import { lineOf } from '../../gateway/session/revoked.ts'
import { newSession, type Session } from '../../gateway/session/session.ts'
import { openSessions, type Sessions } from '../../gateway/session/sessions.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { administrator, sharedLab } from '../harness/lab.ts'
import { eventually } from '../harness/wait.ts'
import { person } from './people.ts'

/** The list of sessions that ended early, when it is long: what one log-out sends, and what the leader makes of it. */

const place = { namespace: NAMESPACES.system, name: GATEWAY.revokedConfigMap }
const ADA = 'en-ada'

let lab: BareLab
let core: CoreV1Api
let view: ClusterView
let sessions: Sessions
let wire: Awaited<ReturnType<typeof countedWay>>

test.before(async () => {
  lab = await sharedLab()
  core = administrator(lab).makeApiClient(CoreV1Api)
  await person(lab, ADA)
  const config = new KubeConfig()
  config.loadFromFile(await lab.actAs(NAMESPACES.system, 'gateway'))
  view = watchCluster(config, pino({ level: 'silent' }))
  wire = await countedWay(config)
  sessions = openSessions(wire.config, view, Date.now)
  await eventually('all is read', () => view.lacks().length === 0)
})

test.after.always(async () => {
  await fill({})
  await view?.stop()
  wire?.close()
})

/** The same API server by a way that counts what is sent to it. */
async function countedWay(config: KubeConfig) {
  const cluster = config.getCurrentCluster()
  const { hostname, port } = new URL(cluster?.server ?? '')
  const open = new Set<Socket>()
  const count = { sent: 0 }
  const server = createServer((socket) => {
    const there = connect({ host: hostname, port: Number(port) })
    for (const one of [socket, there]) {
      open.add(one)
      one.on('error', () => {})
    }
    socket.on('data', (chunk) => {
      count.sent += chunk.length
    })
    socket.pipe(there).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const counted = new KubeConfig()
  counted.loadFromString(config.exportConfig())
  counted.clusters = counted.clusters.map((one) => ({
    ...one,
    server: `https://${hostname}:${(server.address() as AddressInfo).port}`,
  }))
  return {
    config: counted,
    count,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

async function fill(data: Record<string, string>): Promise<void> {
  const live = await core.readNamespacedConfigMap(place)
  await core.replaceNamespacedConfigMap({ ...place, body: { ...live, data } })
}

function of(slug: string, began = Date.now()): Session {
  const entryUUID = view.people.get(slug)?.identity.spec.entryUUID ?? 'none'
  return newSession({ slug, login: slug, name: slug, entryUUID }, began)
}

const lines = async () => (await core.readNamespacedConfigMap(place)).data ?? {}

test.serial(
  'a log-out beside 20,000 others sends a line, and a request reads the list no more than once',
  async (t) => {
    const others = Array.from({ length: 20_000 }, (_, index) => lineOf({ session: of(`en-${index % 500}`) }))
    await fill(Object.fromEntries(others))
    await eventually(
      'the list is seen',
      () => Object.keys(view.revoked.get(place.name)?.data ?? {}).length === 20_000,
    )
    const session = of(ADA)
    t.true(sessions.stillGood(session))
    const before = wire.count.sent
    const since = performance.now()
    await sessions.end({ session })
    t.log(`${wire.count.sent - before} bytes, ${Math.round(performance.now() - since)} ms`)
    // A handshake, a request's head, and the line; the list itself is a megabyte.
    t.true(wire.count.sent - before < 8_000, `${wire.count.sent - before} bytes`)
    t.false(sessions.stillGood(session), 'at once, before the watch brings it back')
    await eventually(
      'the watch brings it',
      () => `s.${session.id}` in (view.revoked.get(place.name)?.data ?? {}),
    )
    t.false(sessions.stillGood(session))
    const map = view.revoked.get(place.name)
    const data = map?.data
    let reads = 0
    if (!map || !data) return t.fail()
    Object.defineProperty(map, 'data', {
      get() {
        reads++
        return data
      },
    })
    for (let index = 0; index < 1_000; index++) sessions.stillGood(of(ADA))
    return t.is(reads, 0)
  },
)

test.serial(
  'the leader’s turn shortens it: nobody who was out is in again, whoever is in stays in',
  async (t) => {
    const [ended, open] = [of(ADA, Date.now() - 1_000), of(ADA)]
    await sessions.end({ session: ended })
    await sessions.tend()
    const left = await lines()
    t.log(`${Object.keys(left).length} lines`)
    t.true(Object.keys(left).length <= 5_000)
    await eventually(
      'it is seen',
      () => Object.keys(view.revoked.get(place.name)?.data ?? {}).length === Object.keys(left).length,
    )
    t.false(sessions.stillGood(ended))
    t.true(sessions.stillGood(open))
    // Nothing more to do: nothing is written.
    const version = view.revoked.get(place.name)?.metadata?.resourceVersion
    await sessions.tend()
    t.is((await core.readNamespacedConfigMap(place)).metadata?.resourceVersion, version)
  },
)

test.serial(
  'replicas that end all sessions of a person, at once and with clocks that differ: the latest time stands',
  async (t) => {
    await fill({})
    const now = Date.now()
    const slug = `en-${randomBytes(3).toString('hex')}`
    await Promise.all([
      sessions.end({ person: slug, before: now }),
      openSessions(wire.config, view, Date.now).end({ person: slug, before: now + 50 }),
      openSessions(wire.config, view, Date.now).end({ person: slug, before: now - 50 }),
    ])
    await sessions.end({ person: slug, before: now - 100 })
    t.regex((await lines())[`p.${slug}`] ?? '', new RegExp(`^${now + 50}-`))
  },
)
