import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { reasonOf } from '../../cluster/answer.ts'
import type { Trouble } from './client/facts.ts'
import type { Listener } from './keep.ts'

/** Why the volume is not to be had, and what helps. */
const TROUBLES: Readonly<Record<Trouble, string>> = {
  'no-certificate': 'this PC has no certificate for the volume yet; it asks for one',
  'no-servers': 'no PC serves the volume yet, or none was named: see the status of the GlusterVolume',
  'no-client': 'the image of the mounter holds no Gluster client: deliver the right image',
  starting: 'a client of the volume was started and does not answer yet',
  'start-failed': 'clients of the volume end as soon as they are started: see /var/log/deskfleet on this PC',
  'no-quorum':
    'the volume does not answer, since too few copies of it can be reached from here: switch its PCs on, or mend the network',
  silent: 'the client of the volume says nothing, and is waited for: look at the network, then at its log',
}

export interface Report extends Listener {
  /** Why this PC cannot show homes: whether the storage directory was there at the last look, and if not, what was in the way. */
  lacks(): string[]
}

/** Turns what happens into log lines and metrics. A trouble that lasts is logged once. */
export function makeReport(registry: Registry, log: Logger): Report {
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `deskfleet_mounter_${name}`, help, registers })
  const metrics = {
    storage: gauge('storage_there', '1 where the storage directory is there'),
    mounted: gauge('mounts', 'Folders shown on this PC'),
    awaited: gauge('awaited', 'Homes that pods wait for'),
    clients: gauge(
      'clients',
      'Clients of the volume on this PC: more than one while open files stay with an older one',
    ),
    trouble: new Gauge({
      name: 'deskfleet_mounter_volume_trouble',
      help: '1 for what keeps this PC from the volume',
      labelNames: ['trouble'],
      registers,
    }),
    steps: new Counter({
      name: 'deskfleet_mounter_client_steps_total',
      help: 'What was done with clients of the volume',
      labelNames: ['step'],
      registers,
    }),
    failures: new Counter({
      name: 'deskfleet_mounter_failures_total',
      help: 'Steps that failed and are tried again',
      registers,
    }),
  }
  let there: boolean | undefined
  let trouble = ''
  let ailment: Trouble | undefined
  return {
    passed({ storage, mounted, awaited }) {
      if (storage !== there && !storage) log.error('the storage directory is not there: nothing is mounted')
      if (storage !== there && storage) log.info('the storage directory is there')
      there = storage
      if (awaited === 0) trouble = ''
      metrics.storage.set(storage ? 1 : 0)
      metrics.mounted.set(mounted)
      metrics.awaited.set(awaited)
    },
    turned({ decision, clients, done }) {
      for (const step of done) {
        metrics.steps.inc({ step: step.step })
        log.info(step, `the client of the volume: ${step.step}`)
      }
      if (decision.trouble !== ailment) {
        if (decision.trouble) log.warn({ trouble: decision.trouble }, TROUBLES[decision.trouble])
        else log.info({ client: decision.current }, 'the volume answers')
      }
      ailment = decision.trouble
      metrics.clients.set(clients)
      metrics.trouble.reset()
      if (ailment) metrics.trouble.set({ trouble: ailment }, 1)
    },
    lacks: () => {
      // Of a volume that is still to be made no PC has anything: were this one unready for it, the other PCs would wait for their
      // new mounters, which ask for the certificates by which it is made.
      if (there === true || (there === false && ailment === 'no-servers')) return []
      return ['the storage directory has not been seen', ...(ailment ? [TROUBLES[ailment]] : [])]
    },
    failed(error) {
      metrics.failures.inc()
      const text = reasonOf(error)
      if (text !== trouble) log.error(text)
      trouble = text
    },
  }
}
