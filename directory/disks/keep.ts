import type { Logger } from 'pino'
import { reasonOf } from '../../cluster/answer.ts'
import type { EventNews, Events } from '../../cluster/events.ts'
import { LDAP, NAMESPACES } from '../../config/names.ts'
import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'
import type { DisksCluster } from './cluster.ts'
import { decide, type Rules } from './decide.ts'
import type { Plan, Step } from './facts.ts'

/** Ms between two looks. A server that waits for its disk waits so long at most. */
const PAUSE = 2_000

export interface Work {
  readonly cluster: DisksCluster
  readonly events: Events
  readonly rules: Rules
  readonly clock: Clock
  readonly log: Logger
  /** Told after each look. */
  readonly looked: (plan: Plan) => void
}

/** Looks, and does what is to be done, until the signal aborts. */
export async function keepDisks(work: Work, signal: AbortSignal): Promise<void> {
  const { cluster, events, rules, clock, log, looked } = work
  const failed = (error: unknown) => log.error({ reason: reasonOf(error) }, 'a look failed; trying again')
  await turns(clock, { rest: () => PAUSE, failed }, signal, async () => {
    const plan = decide(await cluster.observe(), clock.wall().getTime(), rules)
    looked(plan)
    const moved: EventNews[] = []
    for (const step of plan.steps) {
      if (signal.aborted) return
      const about = { step: step.step, about: nameOf(step) }
      try {
        await cluster.act(step)
        log.info(about, saying(step))
        if (step.step === 'move') moved.push(news('ServerMoved', `${step.claim.name}: ${saying(step)}`))
      } catch (error) {
        // One that cannot be done keeps no other one waiting; the next look decides on it anew.
        log.error({ ...about, reason: reasonOf(error) }, 'a step failed; trying again')
      }
    }
    const waiting = plan.waiting.map(({ claim, why }) => news('ServerWaits', `${claim}: ${why}`))
    await events.warn([...moved, ...waiting])
  })
}

const news = (reason: string, message: string): EventNews => ({
  regarding: {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    namespace: NAMESPACES.directory,
    name: LDAP.service,
  },
  reason,
  message,
})

const nameOf = (step: Step): string => (step.step === 'forget-disk' ? step.disk.name : step.claim.name)

function saying(step: Step): string {
  if (step.step === 'make-disk') return `its disk is the folder of ${step.pc.name}`
  if (step.step === 'forget-disk') return `nobody claims it; what lies on ${step.disk.pc} stays there`
  return `${step.why}: it begins anew on another PC, and fills itself from the others`
}
