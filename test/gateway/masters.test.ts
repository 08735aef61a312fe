import type { V1Node } from '@kubernetes/client-node'
import test from 'ava'
import { Registry } from 'prom-client'
import { mastersTold, readToldGuard, type ToldGuard } from '../../cluster/control-plane-guard.ts'
import { sumsOf } from '../../cluster/usage-sums.ts'
import { HALT, MASTER, PAUSE } from '../../config/labels.ts'
import { mastersSection } from '../../gateway/admin/masters.ts'
import { markupOf } from '../../gateway/html.ts'
import { newMetrics } from '../../gateway/metrics.ts'
import type { Frame } from '../../gateway/pages/layout.ts'
import { ENGLISH } from '../../gateway/texts/english.ts'

const NOW = 1_900_000_000_000
const MINUTE = 60_000
const FRAME: Frame = { texts: ENGLISH, asset: (name) => name, modules: () => [] }

const NODES: V1Node[] = ['pc-0', 'pc-1', 'pc-2', 'pc-3'].map((name, at) => ({
  metadata: { name, labels: at < 3 ? { [MASTER]: '' } : {} },
}))

const guard = (record: object = {}, annotations = {}, lookedAt = NOW - 1_000): ToldGuard =>
  readToldGuard({
    metadata: { annotations },
    spec: { mode: 'Act' },
    status: {
      backupAt: new Date(NOW - 20 * MINUTE).toISOString(),
      lookedAt: new Date(lookedAt).toISOString(),
      record: { at: lookedAt, size: { wanted: 3 }, ...record },
    },
  })
const shown = (told: ToldGuard): string =>
  markupOf(mastersSection(FRAME, { guard: told, masters: mastersTold(told, NODES) }, NOW)).replaceAll(
    /\s+/g,
    ' ',
  )

const OPERATION = {
  ...{ id: 'replace-9', kind: 'Replace', phase: 'Drain', since: NOW - 3 * MINUTE, begun: NOW - 9 * MINUTE },
  leaving: [{ name: 'pc-1', as: 'MachineDead' }],
  heir: { name: 'pc-3', why: 'pc-3: 87 of 100 (hardware 1)' },
}

test('where all is well the page says so in two lines and a table', (t) => {
  const page = shown(guard())
  t.regex(
    page,
    /3 PCs look after the room as its masters\. The newest copy of etcd was proven 20 minutes ago\./,
  )
  t.notRegex(page, /notice/)
  t.is(page.match(/badge ready/g)?.length, 3)
})

test('what goes on is told with who comes, and why', (t) => {
  const page = shown(
    guard({ operation: OPERATION, sick: { 'pc-1': { as: 'MachineDead', since: NOW - 10 * MINUTE } } }),
  )
  t.regex(page, /Another PC takes the place of a master: Drain, for 3 minutes\. It leaves: pc-1\./)
  t.regex(page, /It comes, as the best that there is: pc-3: 87 of 100/)
  t.regex(
    page,
    /pc-1<\/th> <td data-label="State"><span class="badge away">Not well<\/span> <small>Off, or away/,
  )
  t.regex(page, /pc-3<\/th> <td data-label="State"><span class="badge coming">Becomes one/)
  t.regex(page, /2 of 3 masters are well/)
})

test('what keeps it from going on is told loudly', (t) => {
  t.regex(shown(guard({}, { [HALT]: 'the switches' })), /role="alert">Halted: the switches/)
  t.regex(shown(guard({ halted: { since: NOW, why: 'three failed' } })), /Halted: three failed/)
  t.regex(
    shown(guard({}, {}, NOW - 10 * MINUTE)),
    /role="alert">Nobody looks at the masters: the last look was 10/,
  )
  t.regex(shown(guard({}, { [PAUSE]: 'exams' })), /Paused: exams/)
  t.regex(shown(guard({ waiting: 'no PC can' })), /Nothing is begun: no PC can/)
})

const metricsOf = async (told: () => Promise<ToldGuard | undefined>): Promise<string> => {
  const registry = new Registry()
  newMetrics(registry, {
    screens: () => 0,
    connections: () => 0,
    desktops: () => ({ on: 0, waiting: 0 }),
    leading: () => true,
    usage: () => sumsOf([], [], undefined),
    guard: told,
    nodes: () => NODES,
  })
  return await registry.metrics()
}

test('a monitor sees what the orchestrator tells', async (t) => {
  const told = guard({ operation: OPERATION, sick: { 'pc-1': { as: 'MachineDead', since: NOW } } })
  const metrics = await metricsOf(async () => told)
  for (const line of [
    'deskfleet_masters{state="well"} 2',
    'deskfleet_masters{state="sick"} 1',
    'deskfleet_masters{state="coming"} 1',
    'deskfleet_masters_wanted 3',
    'deskfleet_crowning_phase{phase="Drain"} 1',
    `deskfleet_etcd_copy_proven_timestamp_seconds ${(NOW - 20 * MINUTE) / 1_000}`,
    `deskfleet_orchestrator_looked_timestamp_seconds ${(NOW - 1_000) / 1_000}`,
    'deskfleet_orchestrator_halted 0',
  ])
    t.true(metrics.split('\n').includes(line), line)
  const halted = await metricsOf(async () => guard({}, { [HALT]: 'x' }))
  t.regex(halted, /^deskfleet_orchestrator_halted 1$/m)
})

test('what could not be read has no figure: an old one would look like health', async (t) => {
  for (const told of [async () => undefined, () => Promise.reject(new Error('403'))]) {
    const metrics = await metricsOf(told)
    t.notRegex(metrics, /^deskfleet_(masters|crowning|etcd|orchestrator)/m)
    t.regex(metrics, /^deskfleet_gateway_leading 1$/m)
  }
})
