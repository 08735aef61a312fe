import test from 'ava'
import fc from 'fast-check'
import { admit } from '../../orchestrator/admit.ts'
import type { Facts, Member, Node } from '../../orchestrator/facts.ts'
import { jobName } from '../../orchestrator/jobs/name.ts'
import { ORDER } from '../../orchestrator/phases.ts'
import type { Policy } from '../../orchestrator/policy.ts'
import { quorumOf } from '../../orchestrator/projection.ts'
import { KINDS, NEW_STATE, type Operation, State } from '../../orchestrator/state.ts'
import { step } from '../../orchestrator/step.ts'
import { isHealthy } from '../../orchestrator/view.ts'
import { HOUR, member, NOW, POLICY, pc, pod, SECOND, watched } from './facts.ts'

/** Whatever is seen, and whatever stands in the status: rooms that no story would come up with. */

const often = (most: number) => fc.integer({ min: 0, max: most })
const maybe = fc.boolean()
const PCS = 7

const node = (at: number): fc.Arbitrary<Node> =>
  fc
    .record({
      ready: maybe,
      master: fc.boolean(),
      unschedulable: maybe,
      cordonedBy: fc.constantFrom(undefined, 'replace-41', 'replace-7'),
      warnedBy: fc.constantFrom(undefined, 'replace-41'),
      renewTime: fc.constantFrom('now', 'later', undefined),
      bootId: fc.constantFrom(`boot-${at}`, 'another'),
      uid: fc.constantFrom(`uid-${at}`, 'another'),
      never: fc.boolean(),
      zone: fc.constantFrom(undefined, 'left', 'right'),
      pods: fc.constantFrom([], [pod('desktops/ada', { desktop: true, active: true })]),
      brick: fc.constantFrom('none' as const, { set: 0, mayLose: true }, { set: 0, mayLose: false }),
    })
    .map((is) => pc(at, is))

const listed = (at: number): fc.Arbitrary<Member> =>
  fc
    .record({
      learner: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
      started: fc.integer({ min: 0, max: 4 }).map((one) => one > 0),
      answers: maybe,
      leader: maybe,
      alarms: fc.constantFrom([], [], [], ['NOSPACE'], ['CORRUPT']),
    })
    .map((is) => member(at, is))

const each = <T>(of: (at: number) => fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc
    .tuple(...Array.from({ length: PCS }, (_, at) => of(at)))
    .chain((all) => fc.subarray(all, { minLength: 1 }))

const name = fc.integer({ min: 0, max: PCS - 1 }).map((at) => `pc-${at}`)

const facts: fc.Arbitrary<Facts> = fc.record({
  nodes: each(node),
  etcd: fc.oneof(
    { weight: 9, arbitrary: each(listed).map((members) => ({ members })) },
    { weight: 1, arbitrary: fc.constant('unread' as const) },
  ),
  apis: fc.array(name, { maxLength: 5 }),
  reached: fc.array(
    fc.record({
      operation: fc.constantFrom('replace-41', 'replace-7'),
      round: fc.constantFrom(1, 2),
      master: name,
      from: name,
      reached: maybe,
    }),
    { maxLength: 6 },
  ),
  jobs: fc.array(
    fc
      .record({
        step: fc.constantFrom('preflight', 'reboot', 'mint', 'join', 'demote'),
        node: name,
        state: fc.constantFrom('running' as const, 'finished' as const, 'failed' as const),
        told: fc.constant(''),
      })
      .map((job) => ({
        ...job,
        operation: 'replace-41',
        name: jobName('replace-41', 0, job.step, job.node),
      })),
    { maxLength: 3 },
  ),
  secrets: fc.constantFrom(
    [],
    [{ operation: 'replace-41', whole: true }],
    [{ operation: 'x', whole: false }],
  ),
  backsUp: maybe,
  backup: fc.constantFrom(
    undefined,
    { at: NOW - SECOND, revision: '1' },
    { at: NOW - 9 * HOUR, revision: '1' },
  ),
  controllersSince: fc.constantFrom(undefined, NOW - SECOND, 0),
  latency: fc.constantFrom(5, 9_000),
  upgrading: maybe,
  orders: fc.record({
    halt: fc.constantFrom(undefined, undefined, undefined, 'stop'),
    resumed: fc.constantFrom(0, NOW),
    pauses: fc.constantFrom([], [], ['wait']),
    stepDown: fc.option(name, { nil: undefined }),
  }),
})

const operation: fc.Arbitrary<Operation> = fc.constantFrom(...KINDS).chain((kind) =>
  fc.record({
    id: fc.constant('replace-41'),
    kind: fc.constant(kind),
    phase: fc.constantFrom(...ORDER[kind], 'Undo' as const),
    since: fc.constantFrom(NOW - SECOND, NOW - HOUR),
    begun: fc.constant(NOW - HOUR),
    leaving: fc.array(
      name.map((one) => ({
        name: one,
        uid: `uid-${one.slice(3)}`,
        member: member(Number(one.slice(3))).id,
        as: 'MachineDead' as const,
      })),
      { maxLength: 2 },
    ),
    heir: fc.option(
      name.map((one) => ({
        name: one,
        uid: `uid-${one.slice(3)}`,
        bootId: `boot-${one.slice(3)}`,
        score: { total: 1, hardware: 1, load: 1, spread: 1, history: 1 },
        why: '',
      })),
      { nil: undefined },
    ),
    tries: often(2),
    crowning: fc.constantFrom('no' as const, 'begun' as const, 'done' as const),
    intent: fc.constant(undefined),
    waiting: fc.constant(undefined),
    failed: fc.constant(undefined),
  }),
)

const policy: fc.Arbitrary<Policy> = fc.record({
  mode: fc.constantFrom('Act', 'Act', 'Act', 'Suggest', 'Observe'),
  count: fc.constantFrom<Policy['count'][]>('auto', 1, 3, 5),
  deadAfter: fc.constant(POLICY.deadAfter),
  reboot: fc.constantFrom('Always', 'IfUptimeOver', 'Never'),
  backup: fc.constantFrom('Required', 'Preferred'),
})

const state = (of: Facts): fc.Arbitrary<State> =>
  fc
    .record({
      operation: fc.option(operation, { nil: undefined }),
      silent: fc.dictionary(name, fc.constantFrom(SECOND, HOUR), { maxKeys: 3 }),
      deposed: fc.array(name, { maxLength: 2 }),
      failures: often(3),
      wanted: fc.constantFrom(0, 1, 3, 5),
      at: fc.constantFrom(0, NOW - 5 * SECOND, NOW - HOUR),
      halted: fc.constantFrom(undefined, undefined, { since: NOW - HOUR, why: 'x' }),
    })
    .map(({ silent, wanted, ...rest }) => ({
      ...watched({ ...of, etcd: { members: [] } }, silent),
      ...rest,
      size: { wanted, next: wanted, nextSince: NOW },
    }))

const scene = facts.chain((seen) => fc.tuple(fc.constant(seen), state(seen), policy))

const RUNS = { numRuns: 2_000, seed: 17, endOnFailure: true }
const always = (is: (facts: Facts, state: State, policy: Policy) => void) =>
  fc.assert(
    fc.property(scene, ([facts, state, policy]) => is(facts, state, policy)),
    RUNS,
  )

test('whatever is seen, there is one step, the same every time, and its status can be read again', (t) => {
  always((facts, before, policy) => {
    const first = step(facts, before, policy, NOW)
    const second = step(structuredClone(facts), structuredClone(before), policy, NOW)
    if (JSON.stringify(first) !== JSON.stringify(second)) throw new Error('two steps from the same facts')
    const read = State.parse(JSON.parse(JSON.stringify(first.state)))
    if (JSON.stringify(read) !== JSON.stringify(first.state))
      throw new Error('the status is read as another one')
  })
  t.pass()
})

test('nothing is done that was not written down, and that admit would refuse on the same facts', (t) => {
  let effects = 0
  always((facts, before, policy) => {
    const { effect, state } = step(facts, before, policy, NOW)
    if (effect === undefined) return
    effects++
    if (JSON.stringify(state.operation?.intent) !== JSON.stringify({ effect, at: NOW }))
      throw new Error('not written down')
    const refused = admit(effect, facts, state, policy, NOW)
    if (refused) throw new Error(`${effect.do}: ${refused.guard}: ${refused.why}`)
    if (policy.mode !== 'Act' || facts.orders.halt) throw new Error('it must not act')
  })
  t.true(effects > 200, `${effects} effects`)
})

test('whoever is taken out of etcd, healthy voters that are a quorum are left', (t) => {
  let removals = 0
  always((facts, before, policy) => {
    const { effect } = step(facts, before, policy, NOW)
    if (effect?.do !== 'remove-member' || facts.etcd === 'unread') return
    removals++
    const { members } = facts.etcd
    const voters = members.filter(({ id, learner }) => !learner && id !== effect.member)
    const gone = members.find(({ id }) => id === effect.member)
    if (!gone?.learner && voters.filter(isHealthy).length < quorumOf(voters.length))
      throw new Error(`${effect.pc} is taken out`)
  })
  t.true(removals > 0, `${removals} removals`)
})

test('an operation never begins while another one is open, and epochs only grow', (t) => {
  always((facts, before, policy) => {
    const { state } = step(facts, before, policy, NOW)
    if (state.epoch < before.epoch) throw new Error('an older epoch')
    const { operation } = before
    if (operation && state.operation && state.operation.id !== operation.id)
      throw new Error('another operation in its place')
  })
  t.pass()
})

test('of a new room, with whatever is in it, a first look takes nothing away', (t) => {
  fc.assert(
    fc.property(facts, policy, (seen, decided) => {
      const { effect } = step(seen, NEW_STATE, decided, NOW)
      if (effect?.do === 'remove-member' || effect?.do === 'delete-node') throw new Error(effect.do)
    }),
    RUNS,
  )
  t.pass()
})
