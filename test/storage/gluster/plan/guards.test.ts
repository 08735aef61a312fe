import test from 'ava'
import { plan } from '../../../../storage/gluster/plan/decide.ts'
import type { Change, Facts, Pc } from '../../../../storage/gluster/plan/facts.ts'
import { GUARDS, refusal } from '../../../../storage/gluster/plan/guards.ts'
import { viewOf } from '../../../../storage/gluster/plan/view.ts'
import {
  brick,
  ID,
  MINUTE,
  NOW,
  off,
  POLICY,
  pc,
  pending,
  place,
  places,
  shutOut,
  wellRoom,
  withMemory,
  withPc,
  withVolume,
} from './facts.ts'

const RAISE: Change = { change: 'raise', width: 5, arbiters: 0, bricks: places(3, 4) }

const back = withPc(shutOut(wellRoom(7, 5), 6), 6, { brick: brick(6, { holds: ID }) })

/** Two bricks of five have everything, and three must. */
const few = pending(withMemory(back, { whole: ['pc-0', 'pc-1'] }), 0)

const most = [5, 6, 7, 8, 9].reduce(
  (facts, at) => off(facts, at, 31),
  shutOut(off(wellRoom(11, 5), 1, 31), 1),
)

const twoDead = shutOut(shutOut(off(off(wellRoom(6, 5), 1, 31), 2, 31), 1), 2)

/** Where each guard holds: what would be done there without it. */
const HOLDS: Readonly<Record<string, readonly [facts: Facts, wouldBe: Change['change']]>> = {
  'one-at-a-time': [
    withMemory(wellRoom(5, 3), { intent: { change: RAISE, since: NOW - MINUTE, answer: undefined } }),
    'raise',
  ],
  'everything-read': [{ ...shutOut(off(wellRoom(6, 5), 1, 31), 1), rebalance: 'unread' }, 'replace'],
  network: [most, 'replace'],
  unnoticed: [
    withVolume(withPc(wellRoom(6, 5), 1, { ready: false, since: NOW - MINUTE / 2 }), {
      options: { ...POLICY.birth, 'auth.ssl-allow': 'pc-0,pc-1,pc-2,pc-3,pc-4,pc-5' },
    }),
    'options',
  ],
  // Of the three that are left one has not caught up: two have everything, and three must.
  elsewhere: [pending(withMemory(twoDead, { whole: ['pc-0', 'pc-4'] }), 0, 4), 'replace'],
  room: [
    withPc(shutOut(off(wellRoom(6, 5), 1, 31), 1), 5, { brick: brick(5, { free: 2 ** 30 }) }),
    'replace',
  ],
  'born-once': [withMemory(wellRoom(3, 0), { members: { 'pc-0': 'disk-0' } }), 'create'],
  'sound-disks': [
    withPc({ ...wellRoom(6, 5), running: (wellRoom(6, 5).running as []).slice(1) }, 2, {
      brick: brick(2, { holds: ID, fault: 'not-mounted' }),
    }),
    'start',
  ],
  'wiped-first': [few, 'unfence'],
  'healed-before-wiping': [few, 'wipe'],
  clean: [{ ...wellRoom(6, 5), pcs: [...(wellRoom(6, 5).pcs as Pc[]), pc(6, { epoch: 3 })] }, 'probe'],
  settled: [pending(wellRoom(5, 3), 0), 'raise'],
  'one-move': [
    { ...wellRoom(5, 3), tasks: [{ id: 'by hand', kind: 'remove-brick', state: 'in progress' }] },
    'raise',
  ],
  'mass-loss': [{ ...wellRoom(11, 5), pcs: (wellRoom(11, 5).pcs as Pc[]).slice(0, 6) }, 'detach'],
}

for (const [name, [facts, wouldBe]] of Object.entries(HOLDS))
  test(`the guard ${name} holds back ${wouldBe}`, (t) => {
    const others = GUARDS.filter((one) => one.name !== name)
    t.is(others.length, GUARDS.length - 1)
    t.not(plan(POLICY, facts, NOW).change?.change, wouldBe)
    t.is(plan(POLICY, facts, NOW, others).change?.change, wouldBe)
  })

/** Guards against proposals that nobody makes as things stand. */
const NEVER: Readonly<Record<string, readonly (readonly [facts: Facts, change: Change])[]>> = {
  'fenced-first': [
    [off(wellRoom(5, 5), 1, 31), { change: 'lower', width: 4, bricks: places(1) }],
    [off(wellRoom(6, 5), 1, 31), { change: 'replace', from: place(1), to: place(5) }],
    // In the memory it is, and the volume still takes its certificate.
    [
      withMemory(off(wellRoom(6, 5), 1, 31), {
        fenced: [{ pc: 'pc-1', uuid: 'uuid-1', brickId: 'disk-1', since: NOW, mayWipe: false }],
      }),
      { change: 'replace', from: place(1), to: place(5) },
    ],
  ],
  fit: [
    ...[
      withPc(wellRoom(5, 3), 4, { brick: brick(4, { fault: 'not-mounted' }) }),
      withPc(wellRoom(5, 3), 4, { brick: brick(4, { fault: 'wrong-id' }) }),
      withPc(wellRoom(5, 3), 4, { brick: brick(4, { fault: 'not-xfs' }) }),
      withPc(wellRoom(5, 3), 4, { brick: brick(4, { holds: 'another volume' }) }),
      withPc(wellRoom(5, 3), 4, { brick: 'unread' }),
      withPc(wellRoom(5, 3), 4, { ready: false }),
      withPc(wellRoom(5, 3), 4, { uuid: 'another' }),
    ].map((facts): [Facts, Change] => [facts, RAISE]),
    [
      withPc(withPc(wellRoom(6, 5), 1, { retiring: true }), 5, { brick: brick(5, { holds: 'x' }) }),
      { change: 'replace', from: place(1), to: place(5) },
    ],
  ],
  count: [
    [wellRoom(3, 0), { change: 'create', width: 5, arbiters: 0, bricks: places(0, 1, 2), options: {} }],
    [
      wellRoom(9, 0),
      { change: 'create', width: 8, arbiters: 0, bricks: places(0, 1, 2, 3, 4, 5, 6, 7), options: {} },
    ],
    [wellRoom(3, 0), { change: 'create', width: 3, arbiters: 0, bricks: places(0, 1, 1), options: {} }],
    [wellRoom(5, 0), { change: 'create', width: 5, arbiters: 1, bricks: places(0, 1, 2, 3, 4), options: {} }],
    [wellRoom(5, 3), { ...RAISE, bricks: places(3) }],
    [wellRoom(11, 6, 3), { ...RAISE, bricks: places(6, 7) }],
    [wellRoom(11, 5), { change: 'add-set', bricks: places(5, 6, 7) }],
    [wellRoom(6, 6, 3), { change: 'lower', width: 2, bricks: places(0, 1) }],
  ],
  'no-brick-left': [[wellRoom(6, 5), { change: 'detach', pc: 'pc-1' }]],
}

for (const [name, refused] of Object.entries(NEVER))
  test(`the guard ${name} refuses what must never be proposed`, (t) => {
    for (const [facts, change] of refused) {
      const view = viewOf(POLICY, facts, facts.memory, NOW)
      if (!view) return t.fail()
      const others = GUARDS.filter((one) => one.name !== name)
      t.is(refusal(change, view, GUARDS)?.name, name, JSON.stringify(change))
      t.is(refusal(change, view, others), undefined, JSON.stringify(change))
    }
  })

test('another disk that was stamped by force is never started by force again', (t) => {
  const facts = withPc(wellRoom(6, 5), 2, { brick: brick(2, { id: 'another', holds: ID }) })
  const view = viewOf(POLICY, facts, facts.memory, NOW)
  if (!view) return t.fail()
  t.is(refusal({ change: 'start', force: true }, view, GUARDS)?.name, 'sound-disks')
  t.is(refusal({ change: 'start', force: false }, view, GUARDS), undefined)
})

test('most PCs are not shut out at once, whatever the list of PCs says', (t) => {
  const options: Change = { change: 'options', options: { 'auth.ssl-allow': 'pc-0,pc-1,pc-2,pc-3,pc-4' } }
  const view = viewOf(POLICY, wellRoom(11, 5), wellRoom(11, 5).memory, NOW)
  if (!view) return t.fail()
  t.is(refusal(options, view, GUARDS)?.name, 'mass-loss')
})

test('every guard has its case', (t) => {
  t.deepEqual(GUARDS.map(({ name }) => name).sort(), [...Object.keys(HOLDS), ...Object.keys(NEVER)].sort())
})
