import test from 'ava'
import { admit, refusalOf } from '../../orchestrator/admit.ts'
import type { Effect } from '../../orchestrator/effect.ts'
import type { Facts } from '../../orchestrator/facts.ts'
import { GUARDS } from '../../orchestrator/guards.ts'
import { jobName } from '../../orchestrator/jobs/name.ts'
import type { Policy } from '../../orchestrator/policy.ts'
import { remember } from '../../orchestrator/remember.ts'
import type { Heir, Operation, State } from '../../orchestrator/state.ts'
import {
  HOUR,
  MINUTE,
  member,
  NOW,
  off,
  operation,
  POLICY,
  pc,
  pod,
  watched,
  well,
  withMember,
  withOrders,
  withPc,
} from './facts.ts'

const ID = 'replace-41'
const HEIR: Heir = {
  name: 'pc-3',
  uid: 'uid-3',
  bootId: 'before',
  score: { total: 90, hardware: 1, load: 0, spread: 1, history: 1 },
  why: '',
}
const DEAD = { name: 'pc-0', uid: 'uid-0', member: member(0).id, as: 'MachineDead' } as const

interface Case {
  readonly facts: Facts
  readonly state: State
  readonly policy: Policy
}

const away = (from: string, reached = false) => ({ operation: ID, round: 2, master: 'pc-0', from, reached })

/** pc-0 of three is dead, and pc-3 is ready to follow. */
const lost: Facts = {
  ...withPc(off(well(3, 2), 0), 3, { unschedulable: true, cordonedBy: ID }),
  reached: ['pc-1', 'pc-2', 'pc-4'].map((from) => away(from)),
  secrets: [{ operation: ID, whole: true }],
}

const open: Operation = operation({ phase: 'Remove', leaving: [DEAD], heir: HEIR })
const REPLACE: Case = {
  facts: lost,
  state: { ...watched(lost, { 'pc-0': 6 * MINUTE }), operation: open },
  policy: POLICY,
}

/** The same after the member is gone. */
const gone: Facts = { ...lost, etcd: { members: [member(1, { leader: true }), member(2)] } }
const GONE: Case = { ...REPLACE, facts: gone }

const REMOVE: Effect = { do: 'remove-member', member: member(0).id, pc: 'pc-0' }
const DELETE: Effect = { do: 'delete-node', node: 'pc-0', uid: 'uid-0' }
const job = (step: 'join' | 'reboot' | 'demote' | 'preflight' | 'stop-api', node: string): Effect => ({
  do: 'job',
  step,
  node,
  job: jobName(ID, 0, step, node),
})
const EVICT: Effect = { do: 'evict', node: 'pc-3', pods: ['desktops/ada'] }
const CORDON: Effect = { do: 'cordon', node: 'pc-3' }

const withFacts = (one: Case, change: (facts: Facts) => Facts): Case => ({ ...one, facts: change(one.facts) })
const withOperation = (one: Case, is: Partial<Operation>): Case => ({
  ...one,
  state: { ...one.state, operation: { ...(one.state.operation ?? open), ...is } },
})

/** Before anything was taken away. */
const DRAIN: Case = withOperation(
  withFacts(REPLACE, (facts) => withPc(facts, 3, { unschedulable: false, cordonedBy: undefined })),
  { phase: 'Drain' },
)
const EMPTY = withFacts(DRAIN, (facts) => withPc(facts, 3, { unschedulable: true, cordonedBy: ID }))
const needed = { brick: { set: 1, mayLose: false } } as const

/** pc-0 is well, and a fourth one has come: it may leave now. */
const stepping = well(4, 1)
const STEP_DOWN: Case = {
  facts: stepping,
  state: {
    ...watched(stepping),
    size: { wanted: 3, next: 3, nextSince: NOW },
    operation: operation({
      kind: 'StepDown',
      phase: 'Remove',
      leaving: [{ name: 'pc-0', uid: 'uid-0', member: member(0).id, as: undefined }],
      heir: HEIR,
      crowning: 'done',
    }),
  },
  policy: POLICY,
}

/** One of two was taken out already: a storm stops nothing any more. */
const SECOND_OF_TWO = withOperation(REPLACE, {
  leaving: [{ name: 'pc-9', uid: 'uid-9', member: 'gone', as: 'MachineDead' }, DEAD],
})

/** A deposed PC that is back, without a member. */
const NEUTRALISE: Case = withOperation(GONE, {
  kind: 'Neutralise',
  phase: 'Demote',
  heir: undefined,
  leaving: [{ name: 'pc-4', uid: 'uid-4', member: undefined, as: undefined }],
})

/** What each guard refuses, where nothing else does. */
const HOLDS: Readonly<Record<string, readonly (readonly [what: string, Case, Effect])[]>> = {
  ours: [['the intent is another one', DRAIN, CORDON]],
  go: [
    ['an administrator halted it', withFacts(REPLACE, (facts) => withOrders(facts, { halt: 'x' })), REMOVE],
    ['it only suggests', { ...REPLACE, policy: { ...POLICY, mode: 'Suggest' } }, REMOVE],
    [
      'it halted by itself',
      { ...REPLACE, state: { ...REPLACE.state, halted: { since: NOW - 1, why: 'x' } } },
      REMOVE,
    ],
  ],
  calm: [
    ['somebody pauses it', withFacts(REPLACE, (facts) => withOrders(facts, { pauses: ['x'] })), REMOVE],
    ['the API server is slow', withFacts(DRAIN, (facts) => ({ ...facts, latency: 6_000 })), CORDON],
    ['a storm was just now', { ...DRAIN, state: { ...DRAIN.state, stormUntil: NOW + 1 } }, CORDON],
  ],
  'members-read': [
    ['the list is not known', withFacts(GONE, (facts) => ({ ...facts, etcd: 'unread' })), DELETE],
    ['nor for a reboot', withFacts(EMPTY, (facts) => ({ ...facts, etcd: 'unread' })), job('reboot', 'pc-3')],
  ],
  'quorum-after': [
    [
      'another one is silent, too',
      withFacts(SECOND_OF_TWO, (facts) => withMember(facts, 1, { answers: false })),
      REMOVE,
    ],
    [
      'another one is corrupt',
      withFacts(SECOND_OF_TWO, (facts) => withMember(facts, 1, { alarms: ['CORRUPT'] })),
      REMOVE,
    ],
    [
      'the database is full',
      withFacts(REPLACE, (facts) => withMember(facts, 1, { alarms: ['NOSPACE'] })),
      REMOVE,
    ],
    [
      'a learner is on its way',
      withFacts(REPLACE, (facts) => ({
        ...facts,
        etcd: {
          members: [
            member(0, { answers: false, leader: false }),
            member(1),
            member(2),
            member(4, { learner: true }),
          ],
        },
      })),
      REMOVE,
    ],
    [
      'before its API server is stopped',
      withFacts(withOperation(STEP_DOWN, { phase: 'StopApi' }), (facts) =>
        withMember(withMember(facts, 1, { answers: false }), 2, { answers: false }),
      ),
      job('stop-api', 'pc-0'),
    ],
  ],
  'another-api': [
    ['no other API server is ready', withFacts(REPLACE, (facts) => ({ ...facts, apis: [] })), REMOVE],
  ],
  'still-lost': [
    [
      'its kubelet speaks again',
      withFacts(REPLACE, (facts) => withPc(facts, 0, { renewTime: 'later' })),
      REMOVE,
    ],
    [
      'its etcd answers again',
      withFacts(REPLACE, (facts) => withMember(facts, 0, { answers: true })),
      REMOVE,
    ],
    [
      'its API server answers again',
      withFacts(REPLACE, (facts) => ({ ...facts, apis: [...facts.apis, 'pc-0'] })),
      REMOVE,
    ],
    [
      'another PC reaches it',
      withFacts(REPLACE, (facts) => ({ ...facts, reached: [...facts.reached, away('pc-5', true)] })),
      REMOVE,
    ],
    [
      'one PC alone does not reach it',
      withFacts(REPLACE, (facts) => ({ ...facts, reached: [away('pc-1')] })),
      REMOVE,
    ],
  ],
  'not-leader': [['it leads', STEP_DOWN, REMOVE]],
  'heir-first': [
    [
      'the heir is silent',
      { ...REPLACE, state: { ...REPLACE.state, heard: silentToo(REPLACE, 'pc-3') } },
      REMOVE,
    ],
    ['the heir is not Ready', withFacts(REPLACE, (facts) => withPc(facts, 3, { ready: false })), REMOVE],
    ['the heir has nothing to join by', withFacts(REPLACE, (facts) => ({ ...facts, secrets: [] })), REMOVE],
  ],
  backup: [
    ['none is proven', withFacts(REPLACE, (facts) => ({ ...facts, backup: undefined })), REMOVE],
    [
      'the newest is old',
      withFacts(REPLACE, (facts) => ({ ...facts, backup: { at: NOW - 7 * HOUR, revision: '1' } })),
      REMOVE,
    ],
  ],
  'member-first': [['etcd lists it', REPLACE, DELETE]],
  'same-node': [
    ['another PC has that name', withFacts(GONE, (facts) => withPc(facts, 0, { uid: 'other' })), DELETE],
    ['it is there again', withFacts(GONE, (facts) => withPc(facts, 0, { renewTime: 'later' })), DELETE],
  ],
  'one-more': [
    [
      'it would be one too many',
      withFacts(withOperation(REPLACE, { phase: 'Join' }), (facts) => ({ ...facts, etcd: well(3, 0).etcd })),
      job('join', 'pc-3'),
    ],
    [
      'another one is on its way',
      withFacts(withOperation(GONE, { phase: 'Join' }), (facts) => ({
        ...facts,
        etcd: { members: [member(1), member(2), member(4, { learner: true })] },
      })),
      job('join', 'pc-3'),
    ],
    [
      'the others would be no quorum without it',
      withFacts(withOperation(GONE, { phase: 'Join' }), (facts) => withMember(facts, 1, { answers: false })),
      job('join', 'pc-3'),
    ],
  ],
  keys: [
    [
      'a part of it is missing',
      withFacts(withOperation(GONE, { phase: 'Join' }), (facts) => ({
        ...facts,
        secrets: [{ operation: ID, whole: false }],
      })),
      job('join', 'pc-3'),
    ],
  ],
  brick: [
    ['before it is closed', withFacts(DRAIN, (facts) => withPc(facts, 3, needed)), CORDON],
    ['before it is rebooted', withFacts(EMPTY, (facts) => withPc(facts, 3, needed)), job('reboot', 'pc-3')],
  ],
  open: [
    ['somebody closed it', withFacts(DRAIN, (facts) => withPc(facts, 3, { unschedulable: true })), CORDON],
  ],
  warned: [
    [
      'somebody works there',
      withFacts(EMPTY, (facts) =>
        withPc(facts, 3, { pods: [pod('desktops/ada', { desktop: true, active: true })] }),
      ),
      EVICT,
    ],
  ],
  emptied: [
    [
      'a pod is there',
      withFacts(EMPTY, (facts) => withPc(facts, 3, { pods: [pod('desktops/ada')] })),
      job('reboot', 'pc-3'),
    ],
    ['it is open', DRAIN, job('reboot', 'pc-3')],
  ],
  'no-master': [
    ['it is marked', withFacts(DRAIN, (facts) => withPc(facts, 3, { master: true })), CORDON],
    [
      'etcd counts it',
      withFacts(DRAIN, (facts) => withPc(facts, 1, { master: false })),
      { do: 'cordon', node: 'pc-1' },
    ],
  ],
  'no-member': [['etcd counts it', NEUTRALISE, job('demote', 'pc-1')]],
  'join-ended': [
    [
      'it is joining',
      withFacts(NEUTRALISE, (facts) => ({
        ...facts,
        jobs: [
          { name: 'any', operation: 'scaleup-40', step: 'join', node: 'pc-4', state: 'running', told: '' },
        ],
      })),
      job('demote', 'pc-4'),
    ],
  ],
  'worker-first': [
    [
      'it may have keys',
      {
        ...withOperation(GONE, { phase: 'CleanUp' }),
        state: { ...withOperation(GONE, { phase: 'CleanUp' }).state, deposed: ['pc-4'] },
      },
      { do: 'uncordon', node: 'pc-4' },
    ],
  ],
}

function silentToo({ state }: Case, name: string): State['heard'] {
  const heard = state.heard[name]
  return heard === undefined ? state.heard : { ...state.heard, [name]: { ...heard, since: NOW - MINUTE } }
}

/** Written down, as it is before it is done. */
const intended = (state: State, effect: Effect): State =>
  state.operation === undefined
    ? state
    : { ...state, operation: { ...state.operation, intent: { effect, at: NOW - 1 } } }

for (const [name, cases] of Object.entries(HOLDS))
  for (const [what, { facts, state, policy }, effect] of cases)
    test(`the guard ${name} alone refuses: ${what}`, (t) => {
      const written = name === 'ours' ? intended(state, REMOVE) : intended(state, effect)
      const view = remember(facts, written, policy, NOW)
      const others = GUARDS.filter((one) => one.name !== name)
      t.is(refusalOf(effect, view, GUARDS)?.guard, name)
      t.is(refusalOf(effect, view, others), undefined)
    })

test('every guard has its case', (t) => {
  t.deepEqual(GUARDS.map(({ name }) => name).sort(), Object.keys(HOLDS).sort())
})

test('what should be done is admitted', (t) => {
  const admitted = ({ facts, state, policy }: Case, effect: Effect) =>
    admit(effect, facts, intended(state, effect), policy, NOW)
  t.is(admitted(REPLACE, REMOVE), undefined)
  t.is(admitted(GONE, DELETE), undefined)
  t.is(admitted(withOperation(GONE, { phase: 'Join' }), job('join', 'pc-3')), undefined)
  t.is(admitted(DRAIN, CORDON), undefined)
  t.is(admitted(EMPTY, job('reboot', 'pc-3')), undefined)
  t.is(admitted(NEUTRALISE, job('demote', 'pc-4')), undefined)
  t.is(
    admitted(
      withFacts(STEP_DOWN, (facts) =>
        withMember(withMember(facts, 0, { leader: false }), 1, { leader: true }),
      ),
      REMOVE,
    ),
    undefined,
  )
})

test('an operation that has ended has no effect any more', (t) => {
  const state = { ...REPLACE.state, operation: undefined }
  t.is(admit(REMOVE, lost, state, POLICY, NOW)?.guard, 'ours')
})

test('a pause stops nothing that was begun already', (t) => {
  const paused = withFacts(withOperation(GONE, { phase: 'Join' }), (facts) =>
    withOrders(facts, { pauses: ['x'] }),
  )
  const effect = job('join', 'pc-3')
  t.is(admit(effect, paused.facts, intended(paused.state, effect), POLICY, NOW), undefined)
})

test('the room of these tests has what they speak of', (t) => {
  t.is(lost.nodes.find(({ name }) => name === 'pc-3')?.cordonedBy, ID)
  t.is(pc(3).uid, HEIR.uid)
})
