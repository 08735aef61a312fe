import test from 'ava'
import type { Effect } from '../../../orchestrator/effect.ts'
import type { Facts } from '../../../orchestrator/facts.ts'
import type { Guard } from '../../../orchestrator/guard.ts'
import type { Look } from '../../../orchestrator/observe/look.ts'
import { lookOnce, type Running } from '../../../orchestrator/run.ts'
import type { State } from '../../../orchestrator/state.ts'
import { NOW, off, operation, POLICY, watched, well } from '../facts.ts'

/** In which order a run writes and acts, and when it does not act. */

const silent = watched(well(3, 2), { 'pc-2': 400_000 })
/** A master is dead, and it is to be asked for. */
const DEAD: State = {
  ...silent,
  sick: { 'pc-2': { as: 'MachineDead', since: NOW - 400_000 } },
  operation: operation({
    leaving: [{ name: 'pc-2', uid: 'uid-2', member: '11630847226478253622', as: 'MachineDead' }],
  }),
}
const OFF = off(well(3, 2), 2)

interface Told {
  readonly order: string[]
  readonly acted: Effect[]
  readonly refused: string[]
}

/** @param seen the facts of each look, one after the other; the last one stays */
function open(
  seen: readonly Facts[],
  wish: { lost?: true; state?: State } = {},
): Told & { running: Running } {
  const told: Told = { order: [], acted: [], refused: [] }
  let state = wish.state ?? DEAD
  let version = 1
  const orders = OFF.orders
  const guard = (): Guard => ({ uid: 'guard', version: String(version), policy: POLICY, orders, state })
  let looks = 0
  const running: Running = {
    store: {
      async read() {
        told.order.push('read')
        return guard()
      },
      async write(over, next) {
        told.order.push('write')
        if (wish.lost || over.version !== String(version)) return undefined
        state = next
        version++
        return guard()
      },
      forget: async (order) => void told.order.push(`forget ${order}`),
    },
    eyes: {
      async look(depth) {
        told.order.push(`look ${depth}`)
        const facts = seen[Math.min(looks++, seen.length - 1)] ?? OFF
        const look: Look = {
          facts,
          addresses: [],
          jobs: { jobs: [], pods: [] },
          plans: [],
          certificates: {},
          unread: undefined,
        }
        return look
      },
    },
    async act(effect) {
      told.order.push('act')
      told.acted.push(effect)
      return undefined
    },
    clock: { now: () => NOW, wall: () => new Date(NOW), sleep: async () => {} },
    listener: {
      told: async () => {},
      looked: () => {},
      refused: (_, why) => void told.refused.push(why),
      acted: () => {},
      failed: () => {},
    },
  }
  return { ...told, running }
}

const never = new AbortController().signal

test('what is done was written before, and is admitted by another look at everything', async (t) => {
  const { running, order, acted } = open([OFF])
  t.true(await lookOnce(running, never))
  t.deepEqual(order, ['read', 'look whole', 'write', 'read', 'look whole', 'act'])
  t.is(acted[0]?.do, 'ask')
})

test('who was overtaken does nothing', async (t) => {
  const { running, order, acted } = open([OFF], { lost: true })
  t.true(await lookOnce(running, never), 'and looks again at once')
  t.deepEqual(order, ['read', 'look whole', 'write'])
  t.deepEqual(acted, [])
})

test('what is not so any more at the second look is not done', async (t) => {
  const halted: Facts = { ...OFF, orders: { ...OFF.orders, halt: 'somebody looks' } }
  const { running, acted, refused } = open([OFF, halted])
  await lookOnce(running, never)
  t.deepEqual(acted, [])
  t.regex(refused.join(), /halted: somebody looks/)
})

test('a run that is to end writes nothing and does nothing', async (t) => {
  const { running, order, acted } = open([OFF])
  t.false(await lookOnce(running, AbortSignal.abort()))
  t.false(order.includes('write'))
  t.deepEqual(acted, [])
})

test('where all is well nobody reads pods, and little is written', async (t) => {
  const facts = well(3, 2)
  const { running, order } = open([facts], { state: { ...watched(facts), at: NOW - 1_000 } })
  t.false(await lookOnce(running, never))
  t.deepEqual(order, ['read', 'look masters'])
})
