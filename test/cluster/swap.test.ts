import test from 'ava'
import { type Swap, swap } from '../../cluster/swap.ts'

interface Counter {
  readonly count: number
  readonly version: number
}

/** An object that others count up before each of the first `disturbed` writes. */
function shared(disturbed: number) {
  let live: Counter | undefined = { count: 0, version: 1 }
  let left = disturbed
  const counting: Swap<Counter> = {
    read: async () => live,
    change: (seen) => ({ count: (seen?.count ?? 0) + 1, version: seen?.version ?? 0 }),
    async write(next, seen) {
      if (left-- > 0) live = { count: (live?.count ?? 0) + 10, version: (live?.version ?? 0) + 1 }
      if (live?.version !== seen?.version) return undefined
      live = { ...next, version: (seen?.version ?? 0) + 1 }
      return live
    },
  }
  return { counting, live: () => live }
}

test('a change that others disturb is made to what they left', async (t) => {
  const { counting, live } = shared(3)
  t.deepEqual(await swap(counting), { state: 'written', object: { count: 31, version: 5 } })
  t.is(live()?.count, 31)
})

test('what changes faster than it can be written is said to be contended, and is not written', async (t) => {
  const { counting, live } = shared(8)
  t.deepEqual(await swap(counting, 8), { state: 'contended' })
  t.is(live()?.count, 80)
})

test('nothing to change writes nothing', async (t) => {
  const { counting, live } = shared(0)
  const same = await swap({ ...counting, change: () => undefined })
  t.deepEqual(same, { state: 'unchanged', object: { count: 0, version: 1 } })
  t.is(live()?.version, 1)
})
