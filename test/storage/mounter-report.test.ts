import test from 'ava'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Trouble } from '../../storage/mounter/client/facts.ts'
import { makeReport } from '../../storage/mounter/report.ts'

/** When a PC's mounter is ready: the next PC gets its new mounter only then. */

const log = pino({ level: 'silent' })

function lacks(storage: boolean | undefined, trouble?: Trouble): string[] {
  const report = makeReport(new Registry(), log)
  if (storage !== undefined) report.passed({ storage, mounted: 0, awaited: 0 })
  report.turned({ decision: { step: undefined, current: undefined, trouble }, clients: 0, done: [] })
  return report.lacks()
}

test('a mounter is ready when it sees the storage directory, and not before it has looked', (t) => {
  t.deepEqual(lacks(true), [])
  t.is(lacks(undefined).length, 1)
  t.is(lacks(false).length, 1)
})

test('of a volume that is still to be made it lacks nothing, else the other PCs never ask for their certificates', (t) => {
  t.deepEqual(lacks(false, 'no-servers'), [])
  t.is(lacks(undefined, 'no-servers').length, 2, 'it has not looked yet')
})

test('whatever keeps this one PC from the volume is told', (t) => {
  for (const trouble of [
    'no-certificate',
    'no-client',
    'starting',
    'start-failed',
    'no-quorum',
    'silent',
  ] as const)
    t.is(lacks(false, trouble).length, 2, trouble)
})
