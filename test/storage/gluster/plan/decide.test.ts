import test from 'ava'
import { plan } from '../../../../storage/gluster/plan/decide.ts'
import type { Change, Facts, Policy } from '../../../../storage/gluster/plan/facts.ts'
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

const changeOf = (facts: Facts, policy: Partial<Policy> = {}): Change | undefined =>
  plan({ ...POLICY, ...policy }, facts, NOW).change

const reasons = (facts: Facts, policy: Partial<Policy> = {}): string[] =>
  plan({ ...POLICY, ...policy }, facts, NOW).findings.map(({ reason }) => reason)

/** What is done where: the first column says when. */
const CASES: readonly (readonly [string, Facts, Partial<Policy>, Partial<Change> | undefined])[] = [
  ['all is well', wellRoom(6, 5), {}, undefined],
  ['one PC: one copy', wellRoom(1, 0), {}, { change: 'create', width: 1, bricks: places(0) }],
  ['two PCs: two copies', wellRoom(2, 0), {}, { change: 'create', width: 2, arbiters: 0 }],
  ['three PCs: three copies of five', wellRoom(3, 0), {}, { change: 'create', width: 3 }],
  ['four PCs: three copies, an odd number', wellRoom(4, 0), {}, { change: 'create', width: 3 }],
  ['four PCs, four copies wanted', wellRoom(4, 0), { copies: 4 }, { change: 'create', width: 4 }],
  ['fewer than the administrator waits for', wellRoom(2, 0), { minCopies: 3 }, undefined],
  [
    'two copies on three PCs: the smallest is arbiter',
    wellRoom(4, 0),
    { copies: 2 },
    { change: 'create', width: 3, arbiters: 1, bricks: places(0, 1, 3) },
  ],
  [
    'a PC that says nothing yet is waited for',
    withPc(wellRoom(3, 0), 2, { brick: 'unread', since: NOW - MINUTE }),
    {},
    undefined,
  ],
  [
    'a PC that says nothing for long is not',
    withPc(wellRoom(3, 0), 2, { brick: 'unread', since: NOW - 3 * MINUTE }),
    {},
    { change: 'create', width: 2 },
  ],
  [
    'a new PC comes into the pool',
    { ...wellRoom(6, 5), pcs: [...(wellRoom(6, 5).pcs as []), pc(6, { epoch: 0 })] },
    {},
    { change: 'probe', pc: 'pc-6' },
  ],
  [
    'made, not started',
    withVolume(wellRoom(5, 5), { status: 'created' }),
    {},
    { change: 'start', force: false },
  ],
  [
    'made, without TLS: options before the first start',
    withVolume(wellRoom(5, 5), { status: 'created', options: { 'network.ping-timeout': '5' } }),
    {},
    {
      change: 'options',
      options: {
        'client.ssl': 'on',
        'server.ssl': 'on',
        'auth.ssl-allow': 'pc-0,pc-1,pc-2,pc-3,pc-4',
      },
    },
  ],
  [
    'another quorum was set by hand',
    withVolume(wellRoom(3, 3), {
      options: { ...(wellRoom(3, 3).volume as { options: object }).options, 'cluster.quorum-type': 'none' },
    }),
    { copies: 3 },
    { change: 'options', options: { 'cluster.quorum-type': 'auto' } },
  ],
  [
    'a brick process died',
    withMemory({ ...wellRoom(6, 5), running: (wellRoom(6, 5).running as []).slice(1) }, {}),
    {},
    { change: 'start', force: true },
  ],
  ['a PC off for ten minutes', off(wellRoom(6, 5), 1, 10), {}, undefined],
  [
    'off for too long: first it is shut out',
    off(wellRoom(6, 5), 1, 31),
    {},
    { change: 'fence', pc: 'pc-1', allowed: 'pc-0,pc-2,pc-3,pc-4,pc-5' },
  ],
  [
    'then it is replaced, though others have something pending for it',
    pending(shutOut(off(wellRoom(6, 5), 1, 31), 1), 0, 2, 3, 4),
    {},
    { change: 'replace', from: place(1), to: place(5) },
  ],
  [
    'it fell silent while its brick was taken away: it is shut out afterwards',
    off(withPc(wellRoom(7, 5), 6, { brick: brick(6, { holds: ID }) }), 6, 1),
    {},
    { change: 'fence', pc: 'pc-6' },
  ],
  ['no spare', off(wellRoom(5, 5), 1, 31), {}, undefined],
  [
    'taken out of the cluster: not waited for',
    (() => {
      const facts = shutOut(off(wellRoom(6, 5), 1, 1), 1)
      return {
        ...facts,
        pcs: (facts.pcs as readonly { name: string }[]).filter(({ name }) => name !== 'pc-1') as [],
      }
    })(),
    {},
    { change: 'replace' },
  ],
  [
    'it came back before it was replaced',
    withPc(shutOut(off(wellRoom(6, 5), 1, 31), 1), 1, { ready: true, since: NOW }),
    {},
    { change: 'unfence', pc: 'pc-1' },
  ],
  [
    'a disk was changed in its PC',
    withPc(wellRoom(6, 5), 1, { brick: brick(1, { id: 'disk-new' }) }),
    {},
    { change: 'reset', brick: place(1), id: 'disk-new' },
  ],
  [
    'a PC is to leave',
    withPc(wellRoom(6, 5), 1, { retiring: true }),
    {},
    { change: 'replace', from: place(1), to: place(5) },
  ],
  ['three copies grow to five', wellRoom(5, 3), {}, { change: 'raise', width: 5, bricks: places(3, 4) }],
  ['three stay three with one more', wellRoom(4, 3), {}, undefined],
  ['one copy grows to two, not to three at once', wellRoom(3, 1), {}, { change: 'raise', width: 2 }],
  ['two grow to three, not to five at once', wellRoom(5, 2), {}, { change: 'raise', width: 3 }],
  [
    'two copies get an arbiter',
    wellRoom(3, 2),
    { copies: 2 },
    { change: 'raise', width: 3, arbiters: 1, bricks: places(2) },
  ],
  [
    'three copies instead of two and an arbiter',
    wellRoom(3, 3, 3, 1),
    { copies: 3 },
    { change: 'lower', width: 2, bricks: places(2) },
  ],
  [
    'five copies lowered to three: one at a time, the fullest first',
    wellRoom(6, 5),
    { copies: 3 },
    { change: 'lower', width: 4, bricks: places(4) },
  ],
  [
    'lowered in two sets: one of each',
    wellRoom(10, 10, 5),
    { copies: 3 },
    { change: 'lower', width: 4, bricks: places(4, 9) },
  ],
  [
    'lowered while one is away: it is shut out',
    off(wellRoom(5, 5), 1, 5),
    { copies: 4 },
    { change: 'fence', pc: 'pc-1' },
  ],
  [
    'and then it is the one that goes',
    shutOut(off(wellRoom(5, 5), 1, 5), 1),
    { copies: 4 },
    { change: 'lower', width: 4, bricks: places(1) },
  ],
  ['ten PCs: one set, since a spare is kept', wellRoom(10, 5), {}, undefined],
  ['eleven PCs: a second set', wellRoom(11, 5), {}, { change: 'add-set', bricks: places(5, 6, 7, 8, 9) }],
  [
    'a second set is there: files are spread',
    withMemory(wellRoom(11, 10, 5), { balanced: 1 }),
    {},
    { change: 'rebalance', sets: 2, former: undefined },
  ],
  [
    'no replacing while files are spread',
    withPc({ ...wellRoom(11, 10, 5), rebalance: { id: 'run', state: 'running', failures: 0 } }, 1, {
      retiring: true,
    }),
    {},
    { change: 'stop-rebalance', id: 'run' },
  ],
  ['something is behind', pending(wellRoom(6, 5), 0), {}, { change: 'heal' }],
  [
    'a heal was asked for just now',
    withMemory(pending(wellRoom(6, 5), 0), { healAsked: NOW - MINUTE / 2 }),
    {},
    undefined,
  ],
  [
    'the root has an impossible time',
    { ...wellRoom(6, 5), root: { mtime: 4_455_343 * 365 * 24 * 60 * MINUTE } },
    {},
    { change: 'touch-root' },
  ],
  [
    'a replaced PC is back: it may be wiped',
    (() => {
      const facts = shutOut(wellRoom(7, 5), 6)
      return withPc(facts, 6, { brick: brick(6, { holds: ID }) })
    })(),
    {},
    { change: 'wipe', pc: 'pc-6' },
  ],
  [
    'it was wiped: the pool forgets it',
    withPc(shutOut(wellRoom(7, 5), 6), 6, { epoch: 0, uuid: undefined }),
    {},
    { change: 'detach', pc: 'pc-6' },
  ],
  [
    'it is forgotten: it may come back',
    (() => {
      const facts = withPc(shutOut(wellRoom(7, 5), 6), 6, { epoch: 0, uuid: undefined })
      return {
        ...facts,
        peers: (facts.peers as readonly { name: string }[]).filter(({ name }) => name !== 'pc-6') as [],
        memory: { ...facts.memory, fenced: facts.memory.fenced.map((one) => ({ ...one, mayWipe: true })) },
      }
    })(),
    {},
    { change: 'unfence', pc: 'pc-6' },
  ],
  ['PCs could not be read', { ...wellRoom(3, 0), pcs: 'unread' }, {}, undefined],
  ['the volume could not be read', { ...wellRoom(3, 3), volume: 'unread' }, {}, undefined],
  ['the pool could not be read', { ...wellRoom(5, 3), peers: 'unread' }, {}, undefined],
]

for (const [name, facts, policy, expected] of CASES)
  test(name, (t) => {
    const change = changeOf(facts, policy)
    if (expected === undefined) t.is(change, undefined)
    else t.like(change, expected)
  })

test('what an administrator is told', (t) => {
  t.true(reasons(wellRoom(1, 1)).includes('OneCopy'))
  t.true(reasons(wellRoom(2, 2)).includes('TwoWithoutArbiter'))
  t.true(reasons(wellRoom(3, 3)).includes('FewerCopies'))
  t.true(reasons(wellRoom(5, 5)).includes('NoSpare'))
  t.true(reasons(wellRoom(2, 0), { minCopies: 3 }).includes('WaitingForBricks'))
  t.true(reasons(off(wellRoom(6, 5), 1, 10)).includes('BrickMissing'))
  t.true(reasons({ ...wellRoom(3, 3), heal: 'unread' }).includes('Unread'))
  const lost = [0, 1, 2].reduce((facts, at) => off(facts, at, 31), wellRoom(7, 6, 3))
  t.true(reasons(lost, { copies: 3 }).includes('SetLost'))
  const majority = [0, 1].reduce((facts, at) => off(facts, at, 31), wellRoom(3, 3))
  t.true(reasons(majority, { copies: 3 }).includes('Network'))
  t.true(reasons(majority, { copies: 3 }).includes('NoQuorum'))
  t.deepEqual(reasons(wellRoom(6, 5)), [])
})

test('the plug of a PC may be pulled when its brick is elsewhere and everything has healed', (t) => {
  const safe = (facts: Facts) => plan(POLICY, facts, NOW).safeToPull
  const left = withPc(wellRoom(7, 5), 6, { retiring: true })
  t.deepEqual(safe(left), ['pc-6'])
  t.deepEqual(safe(pending(left, 0)), [])
  t.deepEqual(safe(withPc(wellRoom(6, 5), 1, { retiring: true })), [])
})

test('a change that nobody answered is looked for, and not asked again before Gluster itself has given up', (t) => {
  const change: Change = { change: 'raise', width: 5, arbiters: 0, bricks: places(3, 4) }
  const begun = (minutes: number, answer?: 'accepted' | { refused: string }) =>
    withMemory(wellRoom(5, 3), { intent: { change, since: NOW - minutes * MINUTE, answer } })
  t.is(changeOf(begun(2)), undefined)
  t.true(reasons(begun(2)).includes('Unfinished'))
  t.like(changeOf(begun(4)), { change: 'raise' })
  t.like(changeOf(begun(0, { refused: 'Another transaction is in progress' })), { change: 'raise' })
  const seen = withMemory(wellRoom(5, 5), { intent: { change, since: NOW - MINUTE, answer: undefined } })
  t.is(changeOf(seen), undefined)
  t.is(plan(POLICY, seen, NOW).memory.intent, undefined)
  t.is(changeOf({ ...begun(60), volume: 'unread' }), undefined)
})

test('the change is in the memory that is written before it is begun', (t) => {
  const { change, memory } = plan(POLICY, wellRoom(5, 3), NOW)
  t.deepEqual(memory.intent, { change: change as Change, since: NOW, answer: undefined })
  const fence = plan(POLICY, off(wellRoom(6, 5), 1, 31), NOW).memory
  t.like(fence.fenced[0], { pc: 'pc-1', uuid: 'uuid-1', mayWipe: false })
  t.is(fence.epoch, 2)
})

test('a brick that was away is whole again when nothing is pending, or when all say that it is not behind', (t) => {
  const whole = (facts: Facts) => plan(POLICY, facts, NOW).memory.whole
  const back = withMemory(wellRoom(5, 5), { whole: ['pc-0', 'pc-2', 'pc-3', 'pc-4'] })
  t.true(whole(back).includes('pc-1'))
  t.false(whole(pending(back, 0)).includes('pc-1'))
  const named = (...behind: string[]): Facts => ({
    ...back,
    heal: (pending(back, 0).heal as []).map((one: object) => ({ ...one, behind })) as [],
  })
  t.true(whole(named('pc-3')).includes('pc-1'))
  t.false(whole(named('pc-1')).includes('pc-1'))
  t.false(whole(named('pc-3')).includes('pc-3'), 'one that others name is not whole, whatever was remembered')
  t.false(whole({ ...back, heal: 'unread' }).includes('pc-1'))
})

test('a brick is not taken for whole by a minority, nor while it holds much less than the others', (t) => {
  const whole = (facts: Facts) => plan(POLICY, facts, NOW).memory.whole
  const few = [2, 3, 4].reduce((facts, at) => off(facts, at, 1), wellRoom(5, 5))
  t.deepEqual(whole(withMemory(few, { whole: ['pc-0'] })), ['pc-0'])
  const back = withMemory(wellRoom(5, 5), { whole: ['pc-0', 'pc-2', 'pc-3', 'pc-4'] })
  const bytes = 100 * 2 ** 30
  const states = back.running as readonly { readonly pc: string }[]
  const running = states.map((one) => (one.pc === 'pc-1' ? { ...one, bytes, free: bytes } : one)) as []
  t.false(whole({ ...back, running }).includes('pc-1'))
})

test('leave to empty a brick ends while a set has too few bricks with everything', (t) => {
  const granted = withMemory(withPc(wellRoom(7, 5), 6, { brick: brick(6, { holds: ID }) }), {
    mayEmpty: { 'pc-6': 'disk-6' },
    fenced: [{ pc: 'pc-6', uuid: 'uuid-6', brickId: 'disk-6', since: NOW, mayWipe: true }],
  })
  const after = (facts: Facts) => plan(POLICY, facts, NOW).memory
  t.deepEqual(after(granted).mayEmpty, { 'pc-6': 'disk-6' })
  const few = after(pending(withMemory(granted, { whole: ['pc-0', 'pc-1'] }), 0))
  t.deepEqual(few.mayEmpty, {})
  t.false(few.fenced[0]?.mayWipe)
})

test('a PC that came back has the whole time again to bring its brick up', (t) => {
  const back = withPc(off(wellRoom(6, 5), 1, 40), 1, { ready: true, since: NOW - MINUTE })
  t.is(changeOf(back), undefined)
})

test('bricks that bear the mark of a volume that could not be made may be emptied', (t) => {
  const change: Change = { change: 'create', width: 3, arbiters: 0, bricks: places(0, 1, 2), options: {} }
  const refused = withMemory(withPc(wellRoom(3, 0), 1, { brick: brick(1, { holds: 'half made' }) }), {
    intent: { change, since: NOW, answer: { refused: 'Failed to create volume files' } },
  })
  t.deepEqual(plan(POLICY, refused, NOW).memory.mayEmpty, { 'pc-1': 'disk-1' })
})
