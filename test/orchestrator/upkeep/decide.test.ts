import test from 'ava'
import { admit, findings, planUpkeep, type Step } from '../../../orchestrator/upkeep/decide.ts'
import type { Facts, MemberFacts } from '../../../orchestrator/upkeep/facts.ts'

const MB = 1024 * 1024

/** Member 2 leads. Sizes in MB, of a quota of 2000. */
function member(id: string, size: number, inUse = size, isLearner = false): MemberFacts {
  return {
    member: { id, name: `pc-${id}`, peerUrls: [], clientUrls: [`https://pc-${id}`], isLearner },
    status: {
      member: id,
      version: '3.7.3',
      leader: '2',
      isLearner,
      revision: 100 + Number(id),
      raftTerm: 2,
      raftApplied: 1,
      size: size * MB,
      inUse: inUse * MB,
      quota: 2000 * MB,
      errors: [],
    },
  }
}
const silent = (id: string): MemberFacts => ({ ...member(id, 0), status: undefined })
const facts = (...members: MemberFacts[]): Facts => ({ members, alarms: [] })
const full = (...members: MemberFacts[]): Facts => ({
  members,
  alarms: [{ member: '1', kind: 'NOSPACE' }],
})

const told = (steps: readonly Step[]): string[] =>
  steps.map((step) => [step.do, step.do === 'defragment' ? step.member : ''].join(' ').trim())

test('nothing is done while files are small, or full of what is needed', (t) => {
  t.deepEqual(planUpkeep(facts(member('1', 90, 1), member('2', 90, 1), member('3', 90, 1))), [])
  t.deepEqual(planUpkeep(facts(member('1', 900, 600), member('2', 900, 600))), [])
  t.deepEqual(planUpkeep(facts(silent('1'))), [])
})

test('half-empty files are written anew, the leader’s last', (t) => {
  const steps = planUpkeep(facts(member('1', 300, 100), member('2', 300, 100), member('3', 300, 290)))
  t.deepEqual(told(steps), ['defragment 1', 'defragment 2'])
})

test('a full one is compacted, written anew, disarmed; at the newest revision that somebody has', (t) => {
  const steps = planUpkeep(full(member('1', 2000), member('2', 2000), member('3', 2000)))
  t.deepEqual(told(steps), ['compact', 'defragment 1', 'defragment 3', 'defragment 2', 'disarm'])
  t.like(steps[0], { revision: 103 })
})

test('where something is damaged nothing is touched, and it is told whose it is', (t) => {
  const damaged: Facts = {
    members: [member('1', 1), member('2', 1)],
    alarms: [
      { member: '1', kind: 'CORRUPT' },
      { member: '2', kind: 'NOSPACE' },
    ],
  }
  t.deepEqual(planUpkeep(damaged), [])
  t.regex(findings(damaged)[0]?.what ?? '', /pc-1 holds something else/)
})

test('it is told from four fifths of the quota on, of the fullest, and once it is full', (t) => {
  t.deepEqual(findings(facts(member('1', 1590), member('2', 1590))), [])
  const [nearly] = findings(facts(member('1', 1000), member('2', 1610)))
  t.is(nearly?.kind, 'nearlyFull')
  t.regex(nearly?.what ?? '', /pc-2 has filled 81 %|pc-2 has filled 80 %/)
  t.is(findings(full(member('1', 2000)))[0]?.kind, 'full')
})

test('a member is silenced only where a majority answers without it', (t) => {
  const step: Step = { do: 'defragment', endpoint: '', member: '1' }
  t.is(admit(step, facts(member('1', 1), member('2', 1), member('3', 1))), undefined)
  t.regex(admit(step, facts(member('1', 1), member('2', 1), silent('3'))) ?? '', /only 1 of 3 voters/)
  t.regex(admit(step, facts(member('1', 1), member('2', 1))) ?? '', /only 1 of 2 voters/)
  t.regex(
    admit(step, facts(member('1', 1), member('2', 1), member('3', 1, 1, true), silent('4'))) ?? '',
    /only 1 of 3/,
    'a learner is no voter',
  )
  t.is(admit(step, facts(member('1', 1))), undefined, 'one that is alone')
  t.is(
    admit(step, full(member('1', 1), member('2', 1), silent('3'))),
    undefined,
    'it takes no writes as it is',
  )
})

test('an alarm goes only where there is room', (t) => {
  const step: Step = { do: 'disarm', endpoint: '', alarm: { member: '1', kind: 'NOSPACE' } }
  t.is(admit(step, full(member('1', 100))), undefined)
  t.regex(admit(step, full(member('1', 100), member('2', 1950))) ?? '', /pc-2 is as full as before/)
})
