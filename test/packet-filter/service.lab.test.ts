import test from 'ava'
import pino from 'pino'
import { startPacketFilter } from '../../packet-filter/service.ts'
import { readSettings } from '../../packet-filter/settings.ts'
import { openService } from '../../service/service.ts'
import { administrator, sharedLab } from '../harness/lab.ts'
import { ownProgram } from '../harness/program-context.ts'
import { becomes } from '../harness/wait.ts'

test('while nft refuses the rules that are wanted now, the program is not ready', async (t) => {
  const lab = await sharedLab()
  const read = readSettings({
    DESKFLEET_METRICS_LISTEN: '127.0.0.1:0',
    NODE_NAME: 'no-such-pc',
    DESKFLEET_NEVER: '192.0.2.0/24',
  })
  if ('faults' in read) throw new Error(read.faults.join('\n'))
  const program = ownProgram(read.settings, pino({ level: 'silent' }), 'packet-filter-test')
  t.teardown(() => program.end())
  const context = await openService(program.context)
  let refusing = true
  let kernel = 'as it was loaded'
  void startPacketFilter(context, administrator(lab), {
    async load() {
      if (refusing) throw new Error('Could not resolve protocol name')
      kernel = 'as it was loaded'
    },
    listing: async () => kernel,
  })
  const ready = async () => (await fetch(`http://127.0.0.1:${context.metricsPort}/readyz`)).status
  await becomes('readiness', ready, 503)
  refusing = false
  await becomes('readiness', ready, 200)
  refusing = true
  kernel = 'as somebody changed it'
  await becomes('readiness', ready, 503, { seconds: 30 })
  refusing = false
  await becomes('readiness', ready, 200)
  t.pass()
})
