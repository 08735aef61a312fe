import { setTimeout as sleep } from 'node:timers/promises'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { collectDefaultMetrics } from 'prom-client'
import type { Pair } from '../certificates/authority.ts'
import { DamagedSecret, holdAuthority, holdLeaf } from '../certificates/hold.ts'
import { endOf } from '../certificates/leaf.ts'
import { keepPublished } from '../certificates/publish.ts'
import { AUTHORITY, NAMESPACES, WEBHOOK } from '../config/names.ts'
import { admissionApp } from './admit.ts'
import { serveHealth } from './health.ts'
import { type Identities, watchIdentities } from './identities.ts'
import { newMetrics } from './metrics.ts'
import { type Serving, serve } from './serve.ts'
import type { Settings } from './settings.ts'

/** The clocks: wall time in ms since the epoch, and monotonic ms. */
export interface Clocks {
  readonly now: () => number
  readonly monotonic: () => number
}

export interface Service {
  /** Drains: not ready at once, closed after `patience`, all dropped at `end`. Resolves when nothing is left. */
  stop(patience: Promise<unknown>, end: Promise<unknown>): Promise<void>
}

/** What the server serves with, once it is held. */
interface Held {
  readonly authority: Pair
  readonly leaf: Pair
}

/** How often the certificate is looked at, in ms. */
const LOOK = 60 * 60 * 1000
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 15_000

/** Starts everything and resolves when reviews are answered. `stopping` gives up a start that still waits. */
export async function startService(
  settings: Settings,
  kubeConfig: KubeConfig,
  log: Logger,
  { now, monotonic }: Clocks,
  stopping: AbortSignal,
): Promise<Service> {
  let held: Held | undefined
  let draining = false
  const identities = watchIdentities(kubeConfig, log, now)
  const metrics = newMetrics({
    identities: identities.size,
    identitiesSeen: identities.seen,
    certificateEnds: () => held && endOf(held.leaf),
    now,
  })
  collectDefaultMetrics({ register: metrics.registry })
  const lacks = () => lacking(identities, held, draining)
  const health = await serveHealth(settings.metricsListen, { lacks, registry: metrics.registry })
  const hold = () => holdAll(kubeConfig, settings, () => new Date(now()))
  const first = await patiently(hold, log, stopping)
  const { lookup, ready } = identities
  const app = admissionApp({ lookup, ready, metrics, log, clock: monotonic })
  const serving = await serve(settings.listen, first.leaf, app)
  held = first
  log.info({ port: serving.port, names: settings.names }, 'serving')
  const published = keepPublished(
    kubeConfig,
    { configuration: WEBHOOK.configuration, webhook: WEBHOOK.webhook },
    () => (held ? [held.authority.certificate] : []),
    log,
  )
  const renewal = setInterval(async () => {
    try {
      held = await renew(hold, serving, held, log)
    } catch (error) {
      log.error({ err: error }, 'the certificate could not be looked at')
    }
  }, LOOK)
  return {
    async stop(patience, end) {
      draining = true
      clearInterval(renewal)
      await serving.drain(patience, end)
      await Promise.all([identities.stop(), published.stop()])
      health.closeAllConnections()
      health.close()
    },
  }
}

function lacking(identities: Identities, held: Held | undefined, draining: boolean): string[] {
  return [
    ...(identities.ready() ? [] : ['nobody is known yet']),
    ...(held ? [] : ['no certificate yet']),
    ...(draining ? ['stopping'] : []),
  ]
}

async function holdAll(kubeConfig: KubeConfig, { names }: Settings, now: () => Date): Promise<Held> {
  const api = kubeConfig.makeApiClient(CoreV1Api)
  const namespace = NAMESPACES.system
  const authority = await holdAuthority(api, { namespace, name: AUTHORITY.secret }, now)
  const leaf = await holdLeaf(api, { namespace, name: AUTHORITY.webhookSecret }, authority, names, now)
  return { authority, leaf }
}

/** Tries until it works; a Secret that only a person can mend ends it at once. */
async function patiently<T>(attempt: () => Promise<T>, log: Logger, stopping: AbortSignal): Promise<T> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof DamagedSecret) throw error
      log.warn({ err: error }, 'no certificate yet; trying again')
      await sleep(pause, undefined, { signal: stopping })
    }
  }
}

async function renew(
  hold: () => Promise<Held>,
  serving: Serving,
  old: Held | undefined,
  log: Logger,
): Promise<Held> {
  const fresh = await hold()
  if (fresh.leaf.certificate !== old?.leaf.certificate) {
    serving.renew(fresh.leaf)
    log.info('serving another certificate')
  }
  return fresh
}
