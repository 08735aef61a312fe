import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { collectDefaultMetrics } from 'prom-client'
import { DamagedSecret } from '../certificates/hold.ts'
import { GATEWAY, NAMESPACES } from '../config/names.ts'
import { belongingsOf } from '../desktop/belongings.ts'
import { desktopObjects } from '../desktop/objects.ts'
import { openDirectory } from '../directory/directory.ts'
import { login } from '../directory/login.ts'
import { changeOwnPassword } from '../directory/own-password.ts'
import type { Clock } from '../lease/clock.ts'
import { leaseStore } from '../lease/kubernetes.ts'
import { lead } from '../lease/lead.ts'
import { watchRoom } from './cluster/room.ts'
import { reasonOf } from './cluster/watch.ts'
import { openBridges } from './desktops/bridge.ts'
import { watchDesktops } from './desktops/desktops.ts'
import { withEarlyWord } from './desktops/early.ts'
import { type AddressOf, byPod, type RenderDesktop } from './desktops/render.ts'
import { desktopStore } from './desktops/store.ts'
import { queueOf } from './desktops/view.ts'
import { serveHealth } from './health.ts'
import { keep } from './keeper/keep.ts'
import { holdCertificate, type Served } from './listen/certificate.ts'
import { serve } from './listen/serve.ts'
import { newThrottle } from './login/throttle.ts'
import { newMetrics } from './metrics.ts'
import { type Offer, readOffer } from './offer.ts'
import { openScreens } from './screen/upgrade.ts'
import { openSessions } from './session/sessions.ts'
import type { Settings } from './settings.ts'
import { ENGLISH } from './texts/english.ts'
import { gatewayApp } from './web/app.ts'
import { readAssets } from './web/assets.ts'
import { reviewFollowers } from './web/desktop.ts'
import type { People } from './web/parts.ts'

/** What differs between a room and a test. */
export interface Surroundings {
  readonly kubeConfig: KubeConfig
  readonly log: Logger
  readonly clock: Clock
  /** Different for every process. */
  readonly me: string
  /** Where desktops are dialled. @default their pods */
  readonly addressOf?: AddressOf
}

export interface Service {
  readonly port: number
  readonly metricsPort: number
  /** Drains: not ready at once, screens and events sent away, all dropped at `end`. */
  stop(patience: Promise<unknown>, end: Promise<unknown>): Promise<void>
}

/** A leader is missed after so many ms, since logins wait for it; it gives up itself before. */
const TIMING = { duration: 6_000, deadline: 4_000, retry: 1_000 }
const LOOK_AT_CERTIFICATE = 60_000
const LOOK_AT_OFFER = 10_000
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 15_000

/** Starts everything and resolves when pages are served. `stopping` gives up a start that still waits. */
export async function startService(
  settings: Settings,
  { kubeConfig, log, clock, me, addressOf }: Surroundings,
  stopping: AbortSignal,
): Promise<Service> {
  const now = () => clock.wall().getTime()
  const leaving = new AbortController()
  let offer: Offer = readOffer(await readFile(settings.offerFile, 'utf8'))
  let served: Served | undefined
  let leading = false
  const room = watchRoom(kubeConfig, log)
  const watched = watchDesktops(room)
  const sessions = openSessions(kubeConfig, room, now)
  const render: RenderDesktop = (identity, template, keys) => {
    const account = belongingsOf(identity)
    // Admission would refuse its pod again and again; better to be told at once.
    if ('unfit' in account) return { unfit: account.unfit.reason }
    return desktopObjects(identity, template, offer, { running: true, keys })
  }
  const store = desktopStore(kubeConfig, render, now)
  const bridges = openBridges(kubeConfig, addressOf ?? byPod(watched), () => clock.now())
  const desktops = withEarlyWord(watched, bridges.word, clock, leaving.signal)
  const { people, close: closeDirectory } = openPeople(settings.ldap)
  const metrics = newMetrics({
    screens: () => screens.open(),
    desktops: () => ({
      on: desktops.all().filter(({ on }) => on).length,
      waiting: queueOf(desktops.all()).length,
    }),
    leading: () => leading,
  })
  collectDefaultMetrics({ register: metrics.registry })
  const screens = openScreens({
    sessions,
    desktops,
    bridges,
    hosts: settings.hosts,
    log,
    count: (outcome) => metrics.upgrades.inc({ outcome }),
  })
  const lacks = () => [
    ...room.lacks(),
    ...(sessions.ready() ? [] : ['no key for sessions yet']),
    ...(served ? [] : ['no certificate yet']),
    ...(leaving.signal.aborted ? ['stopping'] : []),
  ]
  const health = await serveHealth(settings.metricsListen, { lacks, registry: metrics.registry })
  const warning = (stopsAt: number) => ENGLISH.warning(Math.max(1, Math.round((stopsAt - now()) / 60_000)))
  const hands = { room, desktops, store, bridges, offer: () => offer, log, warning }
  const tenures = new AbortController()
  const candidacy = {
    store: leaseStore(kubeConfig, NAMESPACES.system, GATEWAY.lease),
    me,
    clock,
    signal: tenures.signal,
    timing: TIMING,
    onError: (error: unknown) =>
      log.warn({ reason: reasonOf(error) }, 'the Lease could not be read or written'),
  }
  const leaderWork = lead(candidacy, async (tenure) => {
    leading = true
    log.info('this replica starts and stops desktops now')
    await keep(hands, settings, clock, tenure, sessions).finally(() => {
      leading = false
    })
  })
  const core = kubeConfig.makeApiClient(CoreV1Api)
  const hold = () => holdCertificate(core, settings.certificateNames, () => clock.wall())
  const first = await patiently(hold, log, stopping)
  served = first
  const app = gatewayApp({
    sessions,
    room,
    desktops,
    store,
    bridges,
    offer: () => offer,
    throttle: newThrottle(),
    people,
    assets: readAssets(),
    texts: ENGLISH,
    hosts: settings.hosts,
    addressOf: (request) => serving.addressOf(request.socket),
    strictTransport: () => served?.own ?? false,
    metrics,
    log,
    now,
    longestUpload: settings.longestUpload,
    leaving: leaving.signal,
  })
  const serving = await serve(settings.listen, first.pair, settings.believed, {
    request: app,
    upgrade: screens.upgrade,
  })
  log.info({ port: serving.port, hosts: settings.hosts, ownCertificate: first.own }, 'serving')
  sessions.onChange(() => {
    screens.review()
    reviewFollowers()
  })
  desktops.onChange(() => screens.review())
  const timers = [
    // A session's own end comes without any change in the cluster.
    setInterval(() => screens.review(), 30_000),
    setInterval(async () => {
      try {
        const fresh = await hold()
        if (fresh.fault)
          log.warn(
            { secret: GATEWAY.certificateSecret, fault: fresh.fault },
            "the administrator's certificate is not used",
          )
        if (fresh.pair.certificate !== served?.pair.certificate) serving.renew(fresh.pair)
        served = fresh
      } catch (error) {
        log.error({ reason: reasonOf(error) }, 'the certificate could not be looked at')
      }
    }, LOOK_AT_CERTIFICATE),
    setInterval(async () => {
      try {
        offer = readOffer(await readFile(settings.offerFile, 'utf8'))
      } catch (error) {
        log.error({ reason: reasonOf(error) }, 'what is offered could not be read; the last offer stays')
      }
    }, LOOK_AT_OFFER),
  ]
  const healthAddress = health.address()
  return {
    port: serving.port,
    metricsPort: typeof healthAddress === 'object' && healthAddress ? healthAddress.port : 0,
    async stop(patience, end) {
      leaving.abort()
      for (const timer of timers) clearInterval(timer)
      tenures.abort()
      // The other replica learns first that this one is leaving, then the tabs come to it.
      await Promise.race([patience, end])
      screens.leave()
      await serving.drain(end)
      await leaderWork.catch(() => {})
      await Promise.all([room.stop(), closeDirectory()])
      health.closeAllConnections()
      health.close()
    },
  }
}

function openPeople({ url, baseDN, caFile, bindDN, passwordFile }: Settings['ldap']): {
  people: People
  close: () => Promise<void>
} {
  const address = async () => ({ url, ca: await readFile(caFile, 'utf8') })
  const directory = openDirectory({
    url,
    baseDN,
    reach: async () => ({
      address: await address(),
      account: { dn: bindDN, password: (await readFile(passwordFile, 'utf8')).trim() },
    }),
  })
  return {
    people: {
      login: async (name, password) => login(directory, await address(), name, password),
      changePassword: async (name, before, after) =>
        changeOwnPassword(directory, await address(), name, before, after),
    },
    close: () => directory.close(),
  }
}

/** Tries until it works; a Secret that only a person can mend ends it at once. */
async function patiently<T>(attempt: () => Promise<T>, log: Logger, stopping: AbortSignal): Promise<T> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof DamagedSecret) throw error
      log.warn({ reason: reasonOf(error) }, 'no certificate yet; trying again')
      await sleep(pause, undefined, { signal: stopping })
    }
  }
}
