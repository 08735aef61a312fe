import test from 'ava'
import pino from 'pino'
import type { DisksCluster } from '../../../directory/disks/cluster.ts'
import type { Step } from '../../../directory/disks/facts.ts'
import { keepDisks } from '../../../directory/disks/keep.ts'
import { systemClock } from '../../../service/clock.ts'

test('a step that cannot be done keeps no other one waiting', async (t) => {
  const end = new AbortController()
  const tried: string[] = []
  const cluster: DisksCluster = {
    observe: async () => ({
      claims: [],
      disks: ['first', 'second'].map((name) => ({ name, claimUid: `of ${name}`, pc: 'pc-1' })),
      servers: [],
      pcs: [],
    }),
    async act(step: Step) {
      const name = step.step === 'forget-disk' ? step.disk.name : ''
      tried.push(name)
      if (name === 'first') throw new Error('forbidden')
    },
  }
  const warn = async (): Promise<void> => end.abort()
  await keepDisks(
    {
      cluster,
      events: { warn, tell: warn },
      rules: { servers: 3, moveAfter: 1 },
      clock: systemClock,
      log: pino({ level: 'silent' }),
      looked: () => {},
    },
    end.signal,
  )
  t.deepEqual(tried, ['first', 'second'])
})
