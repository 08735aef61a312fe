import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { reasonOf } from '../../cluster/answer.ts'
import { leadBy } from '../../cluster/lease/work.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'
import { isEmpty } from '../stamps.ts'
import type { Era, ReplicaCluster } from './cluster.ts'
import { judge, NOTHING_YET } from './decide.ts'
import type { Facts, Memory, Verdict } from './facts.ts'
import { openGate } from './gate.ts'
import type { Servers } from './observe.ts'
import type { Settings } from './settings.ts'

/** Ms between two looks, and between two that the writer's Service is told where it leads. */
const PAUSE = 1_000
const LEAD_AGAIN = 10_000
/** Ms for which nobody begins where there is no Lease yet: whoever wrote under another one has noticed by then. */
const FOUNDING = 15_000

export interface Work {
  readonly settings: Settings
  readonly cluster: KubeConfig
  readonly api: ReplicaCluster
  readonly servers: Servers
  readonly clock: Clock
  readonly log: Logger
  readonly told: {
    /** Why nobody should read here; nothing when they may. */
    lacks(lacks: readonly string[]): void
    writes(writes: boolean): void
  }
}

/** Looks each second, and acts on it, until the signal aborts; then it has stopped writing and given the Lease back. */
export async function keepReplica(work: Work, signal: AbortSignal): Promise<void> {
  const { settings, cluster, api, servers, clock, log, told } = work
  const { ordinal, pod, ldap } = settings
  const gate = openGate(settings.socket)
  const notStopped = (error: unknown) =>
    log.error({ reason: reasonOf(error) }, 'slapd could not be told to take no more writes; trying again')
  let memory: Memory = NOTHING_YET
  let absent: { readonly lease: string; readonly since: number } | undefined
  let standing:
    | { readonly lease: string; readonly end: AbortController; readonly over: Promise<void> }
    | undefined
  let trouble = ''

  const askCluster = async (): Promise<Era | undefined> => {
    try {
      const era = await api.era()
      if (era === undefined || era.begun) absent = undefined
      else if (absent?.lease !== era.lease) absent = { lease: era.lease, since: clock.now() }
      trouble = ''
      return era
    } catch (error) {
      const reason = reasonOf(error)
      if (trouble !== reason) log.warn({ reason }, 'the API server does not say who writes')
      trouble = reason
      return undefined
    }
  }

  const look = async (): Promise<{ era: Era | undefined; facts: Facts; verdict: Verdict }> => {
    const [era, seen] = await Promise.all([askCluster(), servers.look()])
    const facts = { ordinal, count: settings.servers.length, ...seen, begun: era?.begun }
    const verdict = judge(facts, memory, clock.now())
    memory = verdict.memory
    return { era, facts, verdict }
  }

  const write = async (tenure: AbortSignal): Promise<void> => {
    // What was true before the Lease was got may not be true any more.
    if (!(await look()).verdict.mayBegin || tenure.aborted) return
    try {
      await gate.open()
      told.writes(true)
      log.info('this server takes the writes')
      while (!tenure.aborted) {
        await api.leadHere().catch((error: unknown) => {
          log.warn({ reason: reasonOf(error) }, 'the Service of the writer does not lead here')
        })
        await clock.sleep(LEAD_AGAIN, tenure)
      }
    } finally {
      await gate.close(notStopped)
      told.writes(false)
      log.info('this server takes no writes any more')
    }
  }

  const stand = (lease: string): void => {
    const end = new AbortController()
    const candidacy = { cluster, namespace: NAMESPACES.directory, lease, me: `${pod.name}_${pod.uid}` }
    const over = leadBy({ ...candidacy, clock, log, signal: end.signal, leading: () => {} }, write)
      .catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'the writing ended with a failure'))
      .finally(() => {
        standing = undefined
      })
    standing = { lease, end, over }
  }

  const pass = async (): Promise<void> => {
    const { era, facts, verdict } = await look()
    told.lacks(verdict.lacks)
    await gate.confirm().catch(() => {})
    if (standing) {
      // Without an answer of the API server it is the Lease itself that ends it.
      const another = era !== undefined && era.lease !== standing.lease
      if (another || !(gate.isOpen() ? verdict.mayGoOn : verdict.mayBegin)) standing.end.abort()
      return
    }
    if (era === undefined || facts.own === undefined || !verdict.mayBegin) return
    if (!era.begun && clock.now() - (absent?.since ?? clock.now()) < FOUNDING) return
    if (isEmpty(facts.own)) {
      log.info('this server begins the directory')
      await gate.found(ldap.baseDN)
    } else stand(era.lease)
  }

  await gate.close(notStopped)
  const failed = (error: unknown) => log.error({ reason: reasonOf(error) }, 'a look failed')
  await turns(clock, { rest: () => PAUSE, failed }, signal, pass)
  standing?.end.abort()
  await standing?.over
}
