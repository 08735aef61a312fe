import test from 'ava'
import type { Effect } from '../../../orchestrator/effect.ts'
import { lookOnce } from '../../../orchestrator/run.ts'
import { isMaster, type MastersRoom, openRoom } from './room.ts'

/** Real API server, controllers and etcd; kubelets are simulated. What is decided is done, whatever happens to those who do it. */

let room: MastersRoom
test.before(async (t) => {
  t.timeout(300_000)
  room = await openRoom(5, 3)
})
test.after.always(() => room?.end())

test.serial(
  'a master dies; two runs are at work, and are killed before each effect and after it: a worker takes its place',
  async (t) => {
    t.timeout(400_000)
    const { pcs } = room
    const victim = 'pc-3'
    const told = new Map<string, number>()
    const cut = (when: 'before' | 'after') => (effect: Effect) => {
      const key = `${when} ${JSON.stringify(effect)}`
      const times = (told.get(key) ?? 0) + 1
      told.set(key, times)
      if (times === 1) throw new Error(`the run was killed ${key}`)
    }
    await pcs.off(victim)
    const never = new AbortController()
    const other = room.running({ before: cut('before'), after: cut('after') })
    const second = (async () => {
      while (!never.signal.aborted) {
        await lookOnce(other, never.signal).catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    })()
    const running = room.running({ before: cut('before'), after: cut('after') })
    const state = await room
      .until('it is replaced', ({ history }) => history.length > 0, running, 300)
      .finally(() => never.abort())
    await second
    t.like(state.history[0], { kind: 'Replace', leaving: [victim], failed: undefined }, room.told.join('\n'))
    const heir = state.history[0]?.heir ?? ''
    t.deepEqual(await pcs.voters(), ['pc-1', 'pc-2', heir].sort())
    t.true(isMaster(await room.node(heir)))
    t.is(await room.node(victim), undefined)
    await room.until('nothing is left', ({ operation }) => operation === undefined)
    t.deepEqual(await room.left(), [])
    const steps = pcs.asked.map((one) => one.split(' ')[1]).filter((step) => step !== 'reach')
    t.deepEqual(steps, ['facts', 'preflight', 'reboot', 'mint', 'join'], 'each job was made once')
    const taken = room.done.indexOf('remove-member')
    t.true(room.done.indexOf('job reboot') < taken && room.done.indexOf('job mint') < taken, room.done.join())
    const removals = [...told.keys()].filter((key) => key.includes('remove-member')).length
    t.true(removals >= 2, 'they were killed at the removal, too')
  },
)

test.serial('the old master comes back: it is made a worker', async (t) => {
  t.timeout(300_000)
  await room.pcs.on('pc-3')
  const isOver = room.until(
    'it is a worker',
    ({ deposed, operation }) => deposed.length === 0 && operation === undefined,
  )
  t.like((await isOver).history[0], { kind: 'Neutralise', leaving: ['pc-3'], failed: undefined })
  t.false(isMaster(await room.node('pc-3')))
})
