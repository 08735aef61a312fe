import test from 'ava'
import { judge } from '../../../orchestrator/backup/judge.ts'
import { type Candidate, chooseSource } from '../../../orchestrator/backup/source.ts'
import type { Status } from '../../../orchestrator/etcd/status.ts'

const sum = { member: 'copy', hash: 7, revision: 100, compacted: 40 }
const source = { ...sum, member: 'a' }
const restored = { sum, keys: 12 }
const living = { source, keys: 12, others: [] }

test('a copy that has the same keys and the same sum is proven, and by whom is told', (t) => {
  t.deepEqual(judge(restored, living), { is: 'proven', agreed: ['a'] })
  const others = [
    { ...sum, member: 'b' },
    { ...sum, member: 'c', compacted: 60, hash: 9 },
  ]
  t.deepEqual(judge(restored, { ...living, others }), { is: 'proven', agreed: ['a', 'b'] })
})

test('another sum, another number of keys, or a member that has other things: no backup', (t) => {
  t.like(judge(restored, { ...living, source: { ...source, hash: 8 } }), { is: 'refused' })
  t.like(judge(restored, { ...living, keys: 13 }), { is: 'refused' })
  const odd = judge(restored, { ...living, others: [{ ...sum, member: 'b', hash: 8 }] })
  t.is(odd.is, 'refused')
  t.regex(odd.is === 'refused' ? odd.why : '', /hold different things.* a, which was copied, and b/)
})

test('what was forgotten meanwhile says nothing of the copy', (t) => {
  t.like(judge(restored, { ...living, source: { ...source, compacted: 60, hash: 8 } }), { is: 'again' })
})

const status: Status = {
  member: '1',
  version: '3.7.3',
  leader: '1',
  isLearner: false,
  revision: 100,
  raftTerm: 2,
  raftApplied: 200,
  size: 1,
  inUse: 1,
  quota: undefined,
  errors: [],
}

const candidate = (id: string, told: Partial<Status> | 'silent' = {}, isLearner = false): Candidate => ({
  member: { id, name: `pc-${id}`, peerUrls: [], clientUrls: [`https://pc-${id}:2379`], isLearner },
  status:
    told === 'silent'
      ? { is: 'lost', why: 'nothing' }
      : { is: 'done', value: { ...status, member: id, ...told } },
})

const chosen = (...candidates: Candidate[]): string => {
  const source = chooseSource(candidates)
  return 'refusal' in source ? source.refusal : source.member.name
}

test('a snapshot is taken from a voter that does not lead, of several the one that knows most', (t) => {
  t.is(chosen(candidate('1'), candidate('2'), candidate('3', { raftApplied: 201 })), 'pc-3')
  t.is(chosen(candidate('1'), candidate('2', {}, true), candidate('3', 'silent')), 'pc-1')
  t.is(chosen(candidate('1'), candidate('2', { errors: ['alarm:CORRUPT'] })), 'pc-1')
  t.is(chosen(candidate('1'), candidate('2', { errors: ['memberID:7 alarm:NOSPACE'] })), 'pc-2')
})

test('where none can be copied it is told why', (t) => {
  t.is(
    chosen(candidate('1', 'silent'), candidate('2', { leader: undefined }), candidate('3', {}, true)),
    'no member of etcd can be copied: pc-1 does not answer; pc-2 follows no leader; pc-3 is a learner',
  )
})
