import test from 'ava'
import { decide, PATIENCE } from '../../../storage/certificate/decide.ts'
import type { Answer, Facts, Laid, Next } from '../../../storage/certificate/facts.ts'

const DAY = 24 * 60 * 60 * 1_000
const laid = {
  state: 'whole',
  notBefore: 0,
  notAfter: 730 * DAY,
  trusted: true,
  ofRoom: true,
  authoritiesOfRoom: true,
} as const satisfies Laid
const next: Next = { request: 'gluster-pc-1-0', isLaid: false, answer: { is: 'absent' } }
const answered = (answer: Answer): Next => ({ ...next, answer })

const usual: Facts = {
  node: 'pc-1',
  laid,
  next: undefined,
  authorities: { are: 'known' },
  wall: DAY,
  now: 0,
}
const UNREAD = { are: 'unread', why: 'fetch failed' } as const
const ABSENT = { state: 'absent' } as const
const DAMAGED = { state: 'unusable', fault: 'its key belongs to another certificate' } as const
const WITHOUT_ROOM = { ...laid, ofRoom: undefined, authoritiesOfRoom: undefined } as const
const REFUSED: Answer = { is: 'refused', why: 'AnotherPC: it asks for pc-2' }

type Row = readonly [string, Partial<Facts>, string | undefined, boolean]
const ROWS: readonly Row[] = [
  ['all is well', {}, undefined, true],
  ['half of its life is over', { wall: 365 * DAY }, 'make-key', true],
  ['half of its life is not over', { wall: 365 * DAY - 1 }, undefined, true],
  ['it has ended', { wall: 730 * DAY }, 'make-key', false],
  ['it ends in a moment', { wall: 730 * DAY - 1 }, 'make-key', true],
  ['the clock is behind', { wall: -DAY }, undefined, true],
  ['there is none', { laid: ABSENT }, 'make-key', false],
  ['it is damaged', { laid: DAMAGED }, 'make-key', false],
  ['it is of another authority', { laid: { ...laid, trusted: true, ofRoom: false } }, 'make-key', false],
  ['it counts no more', { laid: { ...laid, revoked: true } }, 'make-key', false],
  ['it counts no more, and no list says so yet', { laid: { ...laid, revoked: false } }, undefined, true],
  [
    'other authorities lie beside it',
    { laid: { ...laid, trusted: false, authoritiesOfRoom: false } },
    'lay-authorities',
    false,
  ],
  [
    'one authority more lies beside it',
    { laid: { ...laid, authoritiesOfRoom: false } },
    'lay-authorities',
    true,
  ],
  ['silence, and it is good', { laid: WITHOUT_ROOM, authorities: UNREAD }, undefined, true],
  [
    'silence, and half is over',
    { laid: WITHOUT_ROOM, authorities: UNREAD, wall: 400 * DAY },
    undefined,
    true,
  ],
  [
    'silence, and it has ended',
    { laid: WITHOUT_ROOM, authorities: UNREAD, wall: 800 * DAY },
    undefined,
    false,
  ],
  ['silence, and there is none', { laid: ABSENT, authorities: UNREAD }, undefined, false],
  ['silence, and it is damaged', { laid: DAMAGED, authorities: UNREAD }, undefined, false],
  [
    'silence, and what lies beside it is',
    { laid: { ...WITHOUT_ROOM, trusted: false }, authorities: UNREAD },
    undefined,
    false,
  ],
  ['no authority yet, and there is none', { laid: ABSENT, authorities: { are: 'absent' } }, undefined, false],
  [
    'no authority any more, and it is good',
    { laid: WITHOUT_ROOM, authorities: { are: 'absent' } },
    undefined,
    true,
  ],
  ['a key waits that nobody was told of', { laid: ABSENT, next }, 'ask', false],
  ['nobody has answered', { laid: ABSENT, next: answered({ is: 'awaited' }) }, undefined, false],
  [
    'silence about the request',
    { laid: ABSENT, next: answered({ is: 'unread', why: 'x' }) },
    undefined,
    false,
  ],
  ['a certificate is given', { laid: ABSENT, next: answered({ is: 'given' }) }, 'lay', false],
  ['one is given for one that is damaged', { laid: DAMAGED, next: answered({ is: 'given' }) }, 'lay', false],
  ['one is given for one that goes on', { wall: 400 * DAY, next: answered({ is: 'given' }) }, 'lay', true],
  ['it was laid just now', { next: { ...answered({ is: 'given' }), isLaid: true } }, 'drop-key', true],
  [
    'it was laid, and by this clock half is over already',
    { wall: 400 * DAY, next: { ...answered({ is: 'given' }), isLaid: true } },
    'drop-key',
    true,
  ],
  [
    'it was laid just now, and the cluster is silent since',
    { laid: WITHOUT_ROOM, authorities: UNREAD, next: { ...next, isLaid: true } },
    'drop-key',
    true,
  ],
  [
    'it was laid by half',
    { laid: DAMAGED, next: { ...answered({ is: 'given' }), isLaid: true } },
    'lay',
    false,
  ],
  ['a key waits for nothing', { next: answered({ is: 'awaited' }) }, 'drop-key', true],
  ['it was refused', { laid: ABSENT, next: answered(REFUSED) }, undefined, false],
  ['its renewal was refused', { wall: 400 * DAY, next: answered(REFUSED) }, undefined, true],
  ['no certificate can bear the name', { node: 'a'.repeat(65), laid: ABSENT }, undefined, false],
]

for (const [what, facts, step, usable] of ROWS) {
  test(`${what}: ${step ?? 'nothing is done'}`, (t) => {
    const verdict = decide({ ...usual, ...facts }, {})
    t.is(verdict.step, step as typeof verdict.step)
    t.is(verdict.usable, usable)
  })
}

test('nothing is said where all is well, also while the cluster is silent', (t) => {
  t.is(decide(usual, {}).waitsFor, undefined)
  t.is(decide({ ...usual, laid: WITHOUT_ROOM, authorities: UNREAD }, {}).waitsFor, undefined)
})

test('what is awaited is said with its reason', (t) => {
  const said = (facts: Partial<Facts>) => decide({ ...usual, ...facts }, {}).waitsFor ?? ''
  t.regex(said({ laid: DAMAGED }), /belongs to another certificate; another one is asked for/)
  t.regex(
    said({ laid: ABSENT, authorities: { are: 'absent' } }),
    /deskfleet-storage\/gluster-authority.*certificate-keeper/,
  )
  t.regex(
    said({ laid: ABSENT, next: answered(REFUSED) }),
    /gluster-pc-1-0 brought nothing: AnotherPC: it asks for pc-2/,
  )
  t.regex(said({ laid: ABSENT, next: answered({ is: 'awaited' }) }), /gluster-pc-1-0/)
  t.regex(said({ node: 'a'.repeat(65), laid: ABSENT }), /shorter/)
  t.is(said({ laid: ABSENT, authorities: UNREAD }), 'fetch failed')
})

test('what was refused stands for a while, and then another key asks', (t) => {
  const refused = { ...usual, laid: ABSENT, next: answered(REFUSED) }
  const first = decide({ ...refused, now: 1_000 }, {})
  t.is(first.step, undefined)
  t.is(decide({ ...refused, now: 1_000 + PATIENCE - 1 }, first.memory).step, undefined)
  t.is(decide({ ...refused, now: 1_000 + PATIENCE }, first.memory).step, 'drop-key')
  const silent = { ...refused, authorities: UNREAD, now: 2_000 }
  t.deepEqual(decide(silent, first.memory).memory, first.memory, 'silence does not begin it anew')
  const other = {
    ...refused,
    next: { ...answered(REFUSED), request: 'gluster-pc-1-1' },
    now: 1_000 + PATIENCE,
  }
  t.is(decide(other, first.memory).step, undefined, 'another request is another refusal')
})

test('a clock that is ahead by more than half a life has another one asked for once a day, and no sooner', (t) => {
  const given = decide({ ...usual, laid: ABSENT, next: answered({ is: 'given' }), now: 5 }, {})
  t.is(given.memory.laidAt, 5)
  const old = { ...usual, wall: 400 * DAY }
  t.is(decide({ ...old, now: DAY }, given.memory).step, undefined)
  t.is(decide({ ...old, now: DAY + 5 }, given.memory).step, 'make-key')
})

test('what spoils each certificate at once has no request made each time', (t) => {
  const spoilt = { ...usual, laid: DAMAGED, now: 9_999 }
  const early = decide(spoilt, { laidAt: 0 })
  t.is(early.step, undefined)
  t.regex(early.waitsFor ?? '', /another one is asked for in a moment/)
  t.is(decide({ ...spoilt, now: 10_000 }, { laidAt: 0 }).step, 'make-key')
})

test('why another one is asked for is said', (t) => {
  const why = (laid: Laid, wall = DAY) => decide({ ...usual, laid, wall }, {}).waitsFor ?? ''
  t.regex(why(ABSENT), /^there is none;/)
  t.regex(why({ ...laid, ofRoom: false }), /^it is signed by another authority;/)
  t.regex(why(laid, 800 * DAY), /^it has ended;/)
  t.regex(why(laid, 400 * DAY), /^half of its life is over;/)
  t.regex(why({ ...laid, trusted: false }), /^what lies beside it vouches for another one;/)
})

test('five minutes are what a refusal stands for', (t) => {
  t.is(PATIENCE, 300_000)
})
