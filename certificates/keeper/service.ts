import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { Gauge } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import { keptClient, ownCluster } from '../../cluster/client.ts'
import { openEvents } from '../../cluster/events.ts'
import { WEBHOOK } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'
import { turns } from '../../service/turns.ts'
import { endOf } from '../pair.ts'
import { keepPublished } from '../publish.ts'
import { trustedIn } from '../standing.ts'
import { type Given, writeDown } from './departed.ts'
import { PHASES, type Verdict } from './facts.ts'
import { keepAll, type Passed, standingOf } from './pass.ts'
import { TRUST } from './places.ts'
import { holdPool } from './pool.ts'
import { answerRequests } from './requests/answer.ts'
import { openRotation } from './rotate.ts'
import type { Settings } from './settings.ts'

/** Ms to the next try after a failure: namespaces and rights may come a little later than this program. */
const RETRY = 3_000
/** Ms that a rotation may wait for others until people are told, where `kubectl describe` shows it. */
const OVERDUE = 30 * 60_000
const REGARDING = { apiVersion: 'v1', kind: 'ConfigMap', ...TRUST.inside } as const

/** Keeps the authorities, the certificates and what others are told of them, until the signal aborts. */
export async function startKeeper(
  context: ServiceContext<Settings>,
  cluster: KubeConfig = ownCluster(),
): Promise<void> {
  const { settings, log, clock, signal, closing, readiness, registry } = context
  const api = keptClient(cluster, CoreV1Api)
  let last: Passed | undefined
  let rotated: Verdict | undefined
  readiness.needs(() => (last?.failures.length === 0 ? [] : ['not everything is kept']))
  new Gauge({
    name: 'deskfleet_certificate_not_after_seconds',
    help: 'When a certificate ends, in seconds since the epoch.',
    labelNames: ['certificate'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [name, certificate] of last?.certificates ?? [])
        this.set({ certificate: name }, endOf({ certificate }) / 1_000)
    },
  })
  new Gauge({
    name: 'deskfleet_certificate_rotation',
    help: '1 for the phase that the rotation of the inner authority is in.',
    labelNames: ['phase'],
    registers: [registry],
    collect() {
      for (const phase of PHASES) this.set({ phase }, rotated?.phase === phase ? 1 : 0)
    },
  })
  const target = { configuration: WEBHOOK.configuration, webhook: WEBHOOK.webhook }
  const standing = standingOf(api, clock.wall)
  const published = settings.keepsInside
    ? keepPublished(cluster, target, async () => trustedIn(await standing()), log)
    : undefined
  if (published) closing.defer(published.stop)
  if (settings.keepsPool) {
    const authority = async () => (await holdPool(api, clock.wall)).standing.signs
    const given = (one: Given) => writeDown(api, one, clock.wall().getTime())
    closing.defer(answerRequests({ cluster, authority, writeDown: given, clock, log }).stop)
  }
  const rotation = openRotation(cluster, clock, settings.rotation)
  const events = openEvents(cluster, context.me, clock, (error) =>
    log.warn({ reason: reasonOf(error) }, 'an Event could not be written'),
  )
  let since = clock.now()
  const rotate = async (): Promise<void> => {
    const before = rotated?.phase
    rotated = await rotation.step()
    const { phase, move, waitsFor } = rotated
    if (phase !== before) since = clock.now()
    if ((phase === 'publish' || phase === 'switch') && clock.now() - since > OVERDUE)
      await events.warn(
        waitsFor.map((message) => ({ regarding: REGARDING, reason: 'RotationWaits', message })),
      )
    if (phase !== before && !(phase === 'steady' && before === undefined))
      log.info({ phase, waitsFor }, 'the rotation of the inner authority')
    if (move) log.info({ move }, 'the rotation of the inner authority takes a step')
  }
  let told: string | undefined
  let said = ''
  const pass = async (): Promise<Passed> => {
    last = await keepAll(api, settings, clock.wall)
    const trusted = last.inside && trustedIn(last.inside)
    if (trusted !== told) published?.again()
    told = trusted
    for (const { did, ...place } of last.changed) log.info(place, did)
    if (last.departed > 0)
      log.info({ certificates: last.departed }, 'certificates of PCs that left the room count no more')
    const troubles = [
      ...last.failures.map(reasonOf),
      ...last.beyond.map(
        (name) => `the door's root does not cover ${name}: see docs/door.md, "Another name"`,
      ),
    ]
    // Said once, and again when it changes.
    if (troubles.join() !== said) for (const trouble of troubles) log.error(trouble)
    said = troubles.join()
    // Whoever is told of authorities was told by now, or is seen to lack them.
    if (last.inside !== undefined) await rotate()
    return last
  }
  const rhythm = {
    // What a step has changed is told, or signed by, at once.
    rest: (passed?: Passed) =>
      passed?.failures.length !== 0 ? RETRY : rotated?.move === undefined ? settings.look : 0,
    failed: (error: unknown) => log.error({ reason: reasonOf(error) }, 'the pass failed; it is tried again'),
  }
  await turns(clock, rhythm, signal, pass)
}
