import test from 'ava'
import { statusOf, type VolumeStatus } from '../../../../storage/gluster/agent/status.ts'
import { plan } from '../../../../storage/gluster/plan/decide.ts'
import type { Facts, Policy } from '../../../../storage/gluster/plan/facts.ts'
import { brick, NOW, off, POLICY, pending, wellRoom, withPc } from '../plan/facts.ts'
import { GIB } from '../plan/room.ts'

/** What the GlusterVolume says of a look. */

const at = new Date(NOW)
const wanting = (copies: number): Policy => ({ ...POLICY, copies })

function told(
  facts: Facts,
  copies = 3,
  before: Pick<VolumeStatus, 'conditions' | 'findings'> = { conditions: [], findings: [] },
  now = at,
): VolumeStatus {
  const policy = wanting(copies)
  const done = plan(policy, facts, now.getTime())
  return statusOf(
    policy,
    facts,
    done,
    { generation: 4, conditions: before.conditions, findings: before.findings },
    now,
  )
}
const said = ({ conditions }: VolumeStatus): string[] =>
  conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)

test('a volume that is well', (t) => {
  const status = told(wellRoom(4, 3))
  t.like(status, { observedGeneration: 4, copies: 3, spares: ['pc-3'], servers: ['pc-0', 'pc-1', 'pc-2'] })
  t.deepEqual(
    status.sets[0]?.bricks.map(({ pc, state, port }) => [pc, state, port]),
    ['pc-0', 'pc-1', 'pc-2'].map((pc) => [pc, 'here', 49152]),
  )
  t.deepEqual(said(status), [
    'Available True AllSetsAnswer',
    'Healthy True NothingMissing',
    'CopiesComplete True AsWanted',
    'Changing False Nothing',
  ])
})

test('a set has room for as much as its smallest disk, the arbiter’s not counted, and a volume for all sets', (t) => {
  const two = withPc(wellRoom(6, 6, 3), 1, { brick: brick(1, { bytes: 7 * GIB, free: 5 * GIB }) })
  t.is(told(two).bytes, 107 * GIB)
  t.is(told(two).free, 5 * GIB + 85 * GIB)
  const arbiter = withPc(wellRoom(3, 3, 3, 1), 2, { brick: brick(2, { bytes: GIB, free: GIB }) })
  const { bytes, copies, sets } = told(arbiter, 2)
  t.is(bytes, 100 * GIB)
  t.is(copies, 2)
  t.deepEqual(
    sets[0]?.bricks.map((one) => one.arbiter),
    [undefined, undefined, true],
  )
})

test('one PC away: homes can be used, and it says that not all is well', (t) => {
  const status = told(off(wellRoom(4, 3), 1, 5))
  t.is(status.sets[0]?.bricks[1]?.state, 'missing')
  t.deepEqual(said(status).slice(0, 2), ['Available True AllSetsAnswer', 'Healthy False BrickMissing'])
})

test('a majority away: homes stand still, and it names what and the mend', (t) => {
  const status = told(off(off(wellRoom(3, 3), 1, 5), 2, 5))
  const [available] = status.conditions
  t.like(available, { type: 'Available', status: 'False', reason: 'NoQuorum' })
  t.regex(available?.message ?? '', /set 1 .*bring one of the missing PCs back/)
})

test('what is being brought up to date is counted by the brick that has most', (t) => {
  t.is(told(pending(wellRoom(3, 3), 0, 1)).sets[0]?.pending, 7)
})

test('what could not be read is said, and is no health', (t) => {
  const status = told({ ...wellRoom(3, 3), volume: 'unread' })
  t.like(status.conditions[0], { type: 'Available', status: 'False', reason: 'Unread' })
  t.deepEqual([status.sets, status.servers, status.copies], [[], [], 0])
})

test('before it is made nobody may mount it', (t) => {
  const status = told(wellRoom(3, 0))
  t.deepEqual(status.servers, [])
  t.like(status.conditions[0], { status: 'False', reason: 'NotMadeYet' })
})

test('a condition that stays as it was keeps its time', (t) => {
  const first = told(wellRoom(4, 3))
  const later = new Date(NOW + 60_000)
  t.deepEqual(told(wellRoom(4, 3), 3, first, later).conditions, first.conditions)
  const worse = told(off(wellRoom(4, 3), 1, 5), 3, first, later)
  t.is(worse.conditions.find(({ type }) => type === 'Healthy')?.lastTransitionTime, '2026-11-27T12:01:00Z')
  t.is(worse.conditions.find(({ type }) => type === 'Available')?.lastTransitionTime, '2026-11-27T12:00:00Z')
})

test('fewer copies than are wanted are no complete ones', (t) => {
  t.like(
    told(wellRoom(3, 3), 5).conditions.find(({ type }) => type === 'CopiesComplete'),
    { status: 'False', message: '3 of 5 copies' },
  )
})

test('what wants somebody is told first, and what only more PCs would better after it, without being unwell', (t) => {
  const lost = told(off(off(wellRoom(3, 3), 1, 5), 2, 5), 5)
  const severities = lost.findings.map(({ severity }) => severity)
  t.is(severities[0], 'trouble')
  t.true(severities.includes('short'))
  t.true(severities.indexOf('short') > severities.lastIndexOf('trouble'))
  const few = told(wellRoom(3, 3), 5)
  t.deepEqual(
    few.findings.map(({ severity }) => severity),
    few.findings.map(() => 'short'),
  )
  t.true(said(few).includes('Healthy True NothingMissing'))
})
