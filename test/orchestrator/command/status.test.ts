import type { V1Node } from '@kubernetes/client-node'
import test from 'ava'
import {
  mastersTold,
  masterTroubles,
  readToldGuard,
  type ToldGuard,
} from '../../../cluster/control-plane-guard.ts'
import { HALT, MASTER, PAUSE, STEP_DOWN } from '../../../config/labels.ts'
import { heirRows, viewAtLook } from '../../../orchestrator/command/explain.ts'
import { endedRows, findingOf, headOf, rowsOf } from '../../../orchestrator/command/status.ts'
import { progressOf, whyNot } from '../../../orchestrator/command/step-down.ts'
import { readGuard } from '../../../orchestrator/guard.ts'
import { NEW_STATE, SICKNESSES, type State } from '../../../orchestrator/state.ts'
import { HOUR, MINUTE, NOW, operation, SECOND, watched, well, withPc } from '../facts.ts'
import { guardObject } from './guard.ts'

const node = (name: string, master: boolean): V1Node => ({
  metadata: {
    name,
    labels: master ? { [MASTER]: '' } : {},
    creationTimestamp: new Date(NOW - 48 * HOUR),
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
})
const NODES = [0, 1, 2, 3].map((at) => node(`pc-${at}`, at < 3))

const guard = (
  record: Partial<State> = {},
  annotations: Readonly<Record<string, string>> = {},
  spec: object = {},
): ToldGuard => {
  const size = { wanted: 3, next: 3, nextSince: NOW }
  const state = { ...NEW_STATE, at: NOW - 5 * SECOND, size, ...record }
  const object = guardObject(state, annotations, spec)
  const backupAt = new Date(NOW - HOUR).toISOString()
  return readToldGuard({ ...object, status: { ...object.status, backupAt } })
}
const troublesOf = (told: ToldGuard) => masterTroubles(told, mastersTold(told, NODES), NOW)
const textOf = (told: ToldGuard) => troublesOf(told).map((one) => findingOf(one, NOW).what)

test('where all is well nothing is to be seen to', (t) => {
  const told = guard()
  t.deepEqual(troublesOf(told), [])
  t.deepEqual(
    rowsOf(mastersTold(told, NODES), told.certificates, NOW).map(({ pc, since, state, etcd }) => [
      pc,
      since,
      state,
      etcd,
    ]),
    [
      ['pc-0', '2 days', 'well', 'answers'],
      ['pc-1', '2 days', 'well', 'answers'],
      ['pc-2', '2 days', 'well', 'answers'],
    ],
  )
})

test('a look that is older than two minutes is said loudly, before all else', (t) => {
  t.deepEqual(textOf(guard({ at: NOW - 2 * MINUTE })), [])
  const [first] = textOf(guard({ at: NOW - 3 * MINUTE, sick: { 'pc-1': { as: 'ApiSick', since: NOW } } }))
  t.regex(first ?? '', /^NOBODY LOOKS AT THE MASTERS: the last look was 3 min ago/)
  const [never] = masterTroubles(readToldGuard(guardObject(undefined)), [], NOW)
  t.regex(never ? findingOf(never, NOW).what : '', /^NOBODY HAS LOOKED/)
})

test('how long the certificates of each master last is told, and loudly where they were not renewed', (t) => {
  const DAY = 24 * HOUR
  const of = (days: number): ToldGuard => {
    const { status, ...object } = guardObject({
      ...NEW_STATE,
      at: NOW,
      size: { wanted: 3, next: 3, nextSince: NOW },
    })
    const [backupAt, end] = [NOW, NOW + days * DAY].map((at) => new Date(at).toISOString())
    return readToldGuard({ ...object, status: { ...status, backupAt, certificates: { 'pc-1': end } } })
  }
  const row = rowsOf(mastersTold(of(300), NODES), of(300).certificates, NOW)
  t.deepEqual(
    row.map(({ certificates }) => certificates),
    [undefined, '300 days', undefined],
  )
  t.deepEqual(textOf(of(61)), [])
  t.deepEqual(textOf(of(59)), ['the certificates of pc-1 end in 59 days'])
  t.deepEqual(textOf(of(-1)), ['the certificates of pc-1 end now'])
})

test('whatever is wrong is told with what to do', (t) => {
  const cases: [ToldGuard, RegExp][] = [
    [guard({}, { [HALT]: 'the switches' }), /^halted by an administrator: the switches$/],
    [guard({ halted: { since: NOW, why: '3 heirs failed' } }), /^halted by itself: 3 heirs failed$/],
    [guard({ size: { wanted: 5, next: 5, nextSince: NOW } }), /^3 of 5 masters are well$/],
    [guard({ storm: '2 of 3', stormUntil: NOW + MINUTE }), /^too much is wrong at once: 2 of 3$/],
  ]
  for (const [told, text] of cases) {
    t.regex(textOf(told)[0] ?? '', text)
    for (const one of troublesOf(told)) t.true(findingOf(one, NOW).mend.length > 20)
  }
  t.deepEqual(textOf(guard({ storm: '2 of 3', stormUntil: NOW - 1 })), [], 'a storm that is over')
  const old = readToldGuard({
    ...guardObject({ ...NEW_STATE, at: NOW }),
    status: { backupAt: new Date(NOW - 7 * HOUR).toISOString(), record: { at: NOW } },
  })
  t.regex(textOf(old)[0] ?? '', /copy of etcd that was proven is from 7 h ago/)
})

test('each sickness has its signs and its meaning', (t) => {
  for (const as of SICKNESSES) {
    const told = guard({ sick: { 'pc-1': { as, since: NOW - MINUTE } } })
    const row = rowsOf(mastersTold(told, NODES), told.certificates, NOW).find(({ pc }) => pc === 'pc-1')
    t.is(row?.state, `${as} for 1 min`)
    t.notDeepEqual([row?.kubelet, row?.etcd, row?.api], ['answers', 'answers', 'answers'])
    t.regex(textOf(told)[0] ?? '', /^pc-1 (is|tells|runs)/)
  }
  const told = guard({ sick: { 'pc-1': { as: 'MachineDead', since: NOW } } })
  t.deepEqual(textOf(told).slice(1), ['2 of 3 masters are well'])
})

const HEIR = {
  name: 'pc-3',
  uid: 'uid-3',
  bootId: 'boot-3',
  score: { total: 87, hardware: 1, load: 0, spread: 1, history: 1 },
  why: 'pc-3: 87 of 100 (hardware 1)',
}

test('an operation is told with its phase, who leaves, who comes and why, and what it waits for', (t) => {
  const told = guard({
    operation: operation({
      phase: 'Drain',
      leaving: [{ name: 'pc-1', uid: 'uid-1', member: '1', as: 'MachineDead' }],
      heir: HEIR,
      waiting: 'its desktops move',
    }),
  })
  const masters = mastersTold(told, NODES)
  const newest = {
    name: 'x',
    at: new Date(NOW - HOUR).toISOString(),
    revision: 7,
    sha256: '',
    places: ['pc-0'],
  }
  t.like(headOf(told, masters, newest, NOW), {
    masters: '3 of 3',
    operation: 'replace-41, for 1 min',
    phase: 'Drain, for 1 s',
    leaving: 'pc-1 (MachineDead)',
    heir: 'pc-3: 87 of 100 (hardware 1)',
    waits: 'its desktops move',
    copy: '1 h ago, revision 7, on pc-0',
  })
  t.deepEqual(
    rowsOf(masters, {}, NOW).map(({ pc, state }) => [pc, state]),
    [
      ['pc-0', 'well'],
      ['pc-1', 'leaving'],
      ['pc-2', 'well'],
      ['pc-3', 'coming'],
    ],
  )
})

const ended = (is: Partial<State['history'][number]> = {}): State['history'][number] => ({
  ...{ id: 'stepdown-40', kind: 'StepDown', begun: NOW - 5 * MINUTE, ended: NOW - MINUTE },
  ...{ leaving: ['pc-0'], heir: 'pc-2', failed: undefined, ...is },
})

test('a master is one since the operation that made it one', (t) => {
  const told = guard({ history: [ended()] })
  t.is(
    rowsOf(mastersTold(told, NODES), told.certificates, NOW).find(({ pc }) => pc === 'pc-2')?.since,
    '1 min',
  )
  t.deepEqual(endedRows(told, NOW), [
    {
      operation: 'stepdown-40',
      ended: '1 min ago',
      took: '4 min',
      leaving: 'pc-0',
      heir: 'pc-2',
      result: 'done',
    },
  ])
})

test('whom it makes no sense to send away is refused with a mend', (t) => {
  const why = (told: ToldGuard, pc = 'pc-1', nodes = NODES) =>
    whyNot(told, mastersTold(told, nodes), pc, NOW) ?? ''
  t.is(why(guard()), '')
  t.is(why(guard(), 'pc-3'), 'pc-3 is no master; these are: pc-0, pc-1, pc-2')
  t.regex(why(guard(), 'pc-0', NODES.slice(0, 1)), /the only master: set masters.count/)
  t.regex(why(guard({}, {}, { mode: 'Observe' })), /masters.mode is Observe.*set it to Act/)
  t.regex(why(guard({}, { [HALT]: 'x' })), /halted \(x\): "deskfleet masters resume"/)
  t.regex(why(guard({ at: NOW - HOUR })), /nobody looks/)
  t.regex(why(guard({}, { [STEP_DOWN]: 'pc-2' })), /pc-2 is to step down already/)
  t.is(why(guard({}, { [STEP_DOWN]: 'pc-1', [PAUSE]: 'x' })), '')
})

test('how far a step down is', (t) => {
  const asked = { [STEP_DOWN]: 'pc-0' }
  const far = (told: ToldGuard, before: string[] = []) => progressOf(told, 'pc-0', new Set(before))
  t.deepEqual(far(guard({ history: [ended()] })), { is: 'done', heir: 'pc-2' })
  t.deepEqual(far(guard({ history: [ended()], waiting: 'paused: x' }, asked), ['stepdown-40']), {
    is: 'goes-on',
    said: 'paused: x',
  })
  const leaving = [{ name: 'pc-0', uid: undefined, member: undefined, as: undefined }]
  t.deepEqual(far(guard({ operation: operation({ phase: 'Join', leaving, heir: HEIR }) }, asked)), {
    is: 'goes-on',
    said: 'Join, heir pc-3',
  })
  t.deepEqual(far(guard({ operation: operation({}) }, asked)), {
    is: 'goes-on',
    said: 'replace-41 is finished first',
  })
  t.deepEqual(far(guard({ history: [ended({ failed: 'no boot' })] }, asked)), {
    is: 'goes-on',
    said: 'nothing was begun yet (the last try: no boot)',
  })
  t.like(far(guard({ halted: { since: NOW, why: 'x' } }, asked)), { is: 'failed', why: 'halted: x' })
  t.like(far(guard()), { is: 'failed' })
})

test('the heir is judged as of the last look: by now every heartbeat would be late', (t) => {
  const facts = withPc(well(3, 3), 4, { never: true })
  const state = watched(facts)
  const looked = readGuard(guardObject({ ...state, size: { wanted: 3, next: 3, nextSince: NOW } }))
  const rows = heirRows(viewAtLook(looked, facts))
  t.deepEqual(
    rows.map(({ pc, heir }) => [pc, heir]),
    [
      ['pc-3', 'yes, the next one'],
      ['pc-5', 'yes'],
      ['pc-4', 'no'],
    ],
  )
  t.is(rows[2]?.why, 'the administrator wants it never to be a master')
})

test('what a later version adds is no hindrance to reading the rest', (t) => {
  const object = guardObject({
    ...NEW_STATE,
    at: NOW,
    sick: { 'pc-1': { as: 'Confused' as never, since: NOW } },
  })
  const record = { ...object.status?.record, fresh: { thing: 1 } }
  const told = readToldGuard({ ...object, status: { ...object.status, fresh: true, record } })
  t.is(rowsOf(mastersTold(told, NODES), told.certificates, NOW)[1]?.state, 'Confused for 0 s')
  t.regex(textOf(told).join(), /pc-1 Confused/)
})
