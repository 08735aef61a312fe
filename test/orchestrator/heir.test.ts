import test from 'ava'
import type { Facts, Node } from '../../orchestrator/facts.ts'
import { chosen, explain, FILTERS, judge } from '../../orchestrator/heir.ts'
import type { State } from '../../orchestrator/state.ts'
import type { View } from '../../orchestrator/view.ts'
import { GIB, heard, MINUTE, NOW, POLICY, pc, pod, watched, well, withOrders, withPc } from './facts.ts'

const view = (facts: Facts, state: Partial<State> = {}): View => ({
  facts,
  state: { ...watched(facts), ...state },
  policy: POLICY,
  now: NOW,
})
const room = well(3, 3)
const heardAs = (is: Parameters<typeof heard>[1]) => ({
  heard: { ...watched(room).heard, 'pc-4': heard(pc(4), is) },
})

/** What each filter refuses about pc-4, where nothing else does. */
const REFUSES: Readonly<Record<string, View>> = {
  deposed: view(room, { deposed: ['pc-4'] }),
  leaves: view(withOrders(room, { stepDown: 'pc-4' })),
  never: view(withPc(room, 4, { never: true })),
  excluded: view(room, { excluded: { 'pc-4': { until: NOW + 1, why: 'it did not boot' } } }),
  ready: view(withPc(room, 4, { ready: false })),
  steady: view(room, heardAs({ steadySince: NOW - 9 * MINUTE })),
  open: view(withPc(room, 4, { unschedulable: true })),
  version: view(withPc(room, 4, { version: 'v1.36.0' })),
  cores: view(withPc(room, 4, { cores: 1 })),
  memory: view(withPc(room, 4, { memory: 2 * GIB })),
  disk: view(withPc(room, 4, { diskFree: 19 * GIB })),
  fsync: view(withPc(room, 4, { fsync: 11 })),
  pinned: view(withPc(room, 4, { pods: [pod('a/b', { pinned: true })] })),
  brick: view(withPc(room, 4, { brick: { set: 0, mayLose: false } })),
  'same-set': view(withPc(room, 4, { brick: { set: 2, mayLose: true } }), {
    crowned: { name: 'pc-3', at: NOW - MINUTE, set: 2 },
  }),
}

for (const [name, one] of Object.entries(REFUSES))
  test(`the filter ${name} alone refuses a PC`, (t) => {
    const refusals = (filters = FILTERS) =>
      judge(one, filters).find((judged) => judged.name === 'pc-4')?.refusals.length
    t.is(refusals(), 1)
    t.is(refusals(FILTERS.filter((filter) => filter.name !== name)), 0)
  })

test('every filter has its case, and a master is not even judged', (t) => {
  t.deepEqual(FILTERS.map(({ name }) => name).sort(), [...Object.keys(REFUSES), 'master'].sort())
  t.deepEqual(
    judge(view(room)).map(({ name }) => name),
    ['pc-3', 'pc-4', 'pc-5'],
  )
})

test('half an hour after another one of its set was crowned it may be the heir', (t) => {
  const facts = withPc(room, 4, { brick: { set: 2, mayLose: true } })
  const refusals = (at: number, set: number) =>
    judge(view(facts, { crowned: { name: 'pc-3', at, set } })).find(({ name }) => name === 'pc-4')?.refusals
  t.deepEqual(refusals(NOW - 30 * MINUTE, 2), [])
  t.deepEqual(refusals(NOW - MINUTE, 1), [])
})

/** Whoever is better is chosen. */
const BETTER: Readonly<Record<string, readonly [worse: Partial<Node>, better: Partial<Node>]>> = {
  'more cores': [{ cores: 2 }, { cores: 4 }],
  'more memory': [{ memory: 4 * GIB }, { memory: 8 * GIB }],
  'a faster disk': [{ fsync: 9 }, { fsync: 2 }],
  'fewer pods': [{ pods: [pod('a'), pod('b')] }, { pods: [pod('a')] }],
  'pods of less weight': [{ pods: [pod('a', { priority: 2_000 })] }, { pods: [pod('a', { priority: -1 })] }],
  'nobody at work': [
    { pods: [pod('a', { desktop: true, active: true })] },
    { pods: [pod('a', { desktop: true }), pod('b', { desktop: true })] },
  ],
  'no files that go with it': [{ pods: [pod('a', { localData: true })] }, { pods: [pod('a')] }],
  'a zone without masters': [{ zone: 'left' }, { zone: 'right' }],
}

for (const [what, [worse, better]] of Object.entries(BETTER))
  test(`the heir is the one with ${what}`, (t) => {
    const zones = withPc(room, 0, { zone: 'left' })
    const facts = { ...zones, nodes: zones.nodes.slice(0, 5) }
    t.is(chosen(view(withPc(withPc(facts, 3, worse), 4, better)))?.name, 'pc-4')
    t.is(chosen(view(withPc(withPc(facts, 3, better), 4, worse)))?.name, 'pc-3')
  })

test('pods that stay weigh nothing', (t) => {
  const facts = withPc({ ...room, nodes: room.nodes.slice(0, 5) }, 3, { pods: [pod('a', { stays: true })] })
  t.is(chosen(view(facts))?.name, 'pc-3')
})

test('a PC that is often off, or boots by itself, is the worse heir', (t) => {
  const facts = { ...room, nodes: room.nodes.slice(0, 5) }
  const past = (is: Parameters<typeof heard>[1]) => ({
    heard: { ...watched(facts).heard, 'pc-3': heard(pc(3), is) },
  })
  t.is(chosen(view(facts, past({ silent: 5 * 24 * 60 * MINUTE })))?.name, 'pc-4')
  t.is(chosen(view(facts, past({ reboots: 4 })))?.name, 'pc-4')
  t.is(chosen(view(facts, past({})))?.name, 'pc-3')
})

test('an administrator reads why', (t) => {
  const [best, ...others] = judge(
    view(withPc(withPc(room, 4, { cores: 1 }), 5, { unschedulable: true, never: true })),
  )
  t.is(
    best && explain(best),
    'pc-3: 85.5 of 100 (hardware 0.85, pods 0, away from other masters 0.5, always there 1)',
  )
  t.deepEqual(others.map(explain), [
    'pc-5: no, the administrator wants it never to be a master; somebody made it unschedulable',
    'pc-4: no, it has one core, and two are asked',
  ])
})

test('a score is between 0 and 100', (t) => {
  const heavy = Array.from({ length: 40 }, (_, at) => pod(`p${at}`, { active: true, priority: 2e9 }))
  const facts = withPc(withPc(room, 3, { pods: heavy }), 4, { cores: 64, memory: 512 * GIB, fsync: 0.1 })
  for (const { score } of judge(view(facts))) {
    t.true(score.total >= 0)
    t.true(score.total <= 100)
  }
})
