import { randomBytes } from 'node:crypto'
import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node'
import { keptClient, ownCluster } from '../cluster/client.ts'
import { toldVolume } from '../cluster/gluster-volume.ts'
import { openConnections } from '../service/connections.ts'
import type { ServiceContext } from '../service/service.ts'
import { openGuard } from './cluster/guard.ts'
import { openLocking } from './cluster/locking.ts'
import { watchCluster } from './cluster/view.ts'
import { type Caller, keepCaller } from './desktops/caller.ts'
import { openDesktops } from './desktops/open.ts'
import type { AddressOf } from './desktops/render.ts'
import { queueOf } from './desktops/view.ts'
import { serveEntrance } from './entrance/serve.ts'
import { type Leader, leadDesktops } from './keeper/lead.ts'
import { CONNECTIONS } from './listen/limits.ts'
import { openDevices } from './login/devices.ts'
import { openPeople } from './login/people.ts'
import { shareFailures } from './login/share.ts'
import { newTagger } from './login/tag.ts'
import { newThrottle } from './login/throttle.ts'
import { newMetrics } from './metrics.ts'
import { followOffer } from './offer-file.ts'
import { readAssets } from './pages/assets.ts'
import { openFollowers } from './request/followers.ts'
import { openTransfers } from './request/transfers.ts'
import { openScreens } from './screen/upgrade.ts'
import { servePages } from './serve.ts'
import { DEVICE_KEYS, SESSION_KEYS } from './session/keys.ts'
import { keysOf, openSessions } from './session/sessions.ts'
import type { Settings } from './settings.ts'
import { openUsage } from './storage/usage.ts'
import { ENGLISH } from './texts/english.ts'

/** What differs between a room and a test. */
export interface Surroundings {
  readonly cluster: KubeConfig
  /** Where desktops are dialled. @default their pods */
  readonly addressOf?: AddressOf
}

/** A replica that serves pages. */
export interface Gateway {
  readonly port: number
  /** Where the ingress asks. */
  readonly entrancePort?: number
  readonly leader: Leader
}

/** Ms. A session's own end comes without any change in the cluster. */
const REVIEW_SESSIONS = 30_000

/** Serves people until the signal aborts. */
export async function startGateway(context: ServiceContext<Settings>): Promise<void> {
  const { leader } = await openGateway(context, { cluster: ownCluster() })
  // A replica that could lead no more would seem well, and nobody's desktop would start.
  await Promise.race([context.ending.begun, leader.over])
}

/** Starts everything and resolves with the port when pages are served; the context's closing ends it all in order. */
export async function openGateway(
  context: ServiceContext<Settings>,
  { cluster, addressOf }: Surroundings,
): Promise<Gateway> {
  const { settings, log, clock, me, signal, ending, closing, readiness } = context
  const now = () => clock.wall().getTime()
  const offer = await followOffer(settings.offerFile, clock, log, signal)
  const view = watchCluster(cluster, log, clock)
  closing.defer(view.stop)
  const usage = openUsage(cluster, view, offer, log)
  closing.defer(usage.stop)
  const people = openPeople(settings.ldap)
  closing.defer(people.close)
  const sessions = openSessions(cluster, view, now)
  readiness.needs(() => [...view.lacks(), ...(sessions.ready() ? [] : ['no key for sessions yet'])])
  let caller: Caller | undefined
  readiness.needs(() => (caller ? [] : ['no certificate to call desktops with yet']))
  caller = await keepCaller(context, cluster)
  const open = openDesktops({ cluster, view, offer, clock, caller, addressOf }, signal)
  const { desktops, bridges } = open
  const leader = leadDesktops(context, { cluster, view, offer, sessions, usage, ...open })
  const guard = openGuard(cluster, () => clock.now())
  const metrics = newMetrics(context.registry, {
    screens: () => screens.open(),
    connections: () => connections.size(),
    desktops: () => ({
      on: desktops.all().filter(({ on }) => on).length,
      waiting: queueOf(desktops.all()).length,
    }),
    leading: leader.leads,
    usage: usage.sums,
    guard,
    nodes: view.nodes.all,
  })
  const { hosts, longestUpload, maxStale } = settings
  const count = (outcome: string) => metrics.upgrades.inc({ outcome })
  const limits = { ...CONNECTIONS, most: settings.connections, perAddress: settings.connectionsPerAddress }
  const connections = openConnections(limits, () => metrics.tooMany.inc())
  const screens = openScreens({ sessions, desktops, bridges, hosts, log, known: connections.know, count })
  const transfers = openTransfers(sessions)
  const followers = openFollowers({ sessions, desktops, offer, texts: ENGLISH, now })
  const throttle = newThrottle(newTagger(() => keysOf(view, DEVICE_KEYS), now))
  const replica = `${me}.${randomBytes(4).toString('hex')}`
  const sharing = shareFailures({ cluster, view, throttle, replica, clock, log }, signal)
  const devices = openDevices(view, now)
  const assets = readAssets()
  const locking = openLocking(cluster)
  const custom = keptClient(cluster, CustomObjectsApi)
  const volume = async () => (offer().volumeIsTold ? await toldVolume(custom) : undefined)
  const shown = {
    sessions,
    cluster: view,
    ...open,
    offer,
    throttle,
    devices,
    people,
    assets,
    texts: ENGLISH,
    locking,
    volume,
    guard,
    usage,
  }
  const sessionKeys = () => keysOf(view, SESSION_KEYS)
  const [ownHost = ''] = hosts
  const entrance = await serveEntrance(context, cluster, {
    ...{ sessions, offer, texts: ENGLISH, metrics, log, now },
    ...{ keys: sessionKeys, host: ownHost },
  })
  const serving = await servePages(context, cluster, screens, connections, {
    ...shown,
    sessionKeys,
    ...{ hosts, metrics, log, now, longestUpload, maxStale, followers, transfers },
  })
  const review = () => {
    screens.review()
    followers.review()
    transfers.review()
  }
  sessions.onChange(review)
  desktops.onChange(screens.review)
  const reviews = setInterval(review, REVIEW_SESSIONS)
  closing.defer(async () => {
    clearInterval(reviews)
    // The other replica learns first that this one is leaving, then the tabs come to it.
    await Promise.race([ending.patience(settings.drain), ending.hard])
    screens.leave()
    followers.close()
    await Promise.all([serving, entrance].map((one) => one?.drain(Promise.resolve(), ending.hard)))
    await Promise.allSettled([leader.over, sharing, serving.renewals])
  })
  return { port: serving.port, ...(entrance ? { entrancePort: entrance.port } : {}), leader }
}
