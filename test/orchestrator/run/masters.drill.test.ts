import test from 'ava'
import { HALT, STEP_DOWN } from '../../../config/labels.ts'
import { isMaster, type MastersRoom, openRoom } from './room.ts'

/** Real API server, controllers and etcd; kubelets are simulated. What is decided is done, and comes to its end. */

let room: MastersRoom
test.before(async (t) => {
  t.timeout(300_000)
  room = await openRoom(6, 3)
})
test.after.always(() => room?.end())

/** The PC that became a master at last. */
const newest = async (): Promise<string> => (await room.state()).history[0]?.heir ?? ''

test.serial('a master dies: a worker is made ready first, and then takes its place', async (t) => {
  t.timeout(300_000)
  const { pcs, done } = room
  await pcs.off('pc-3')
  const state = await room.until('it is replaced', ({ history }) => history.length > 0)
  const [ended] = state.history
  t.like(ended, { kind: 'Replace', leaving: ['pc-3'], failed: undefined }, room.told.join('\n'))
  const heir = ended?.heir ?? ''
  t.deepEqual(await pcs.voters(), ['pc-1', 'pc-2', heir].sort())
  t.true(isMaster(await room.node(heir)))
  t.is(await room.node('pc-3'), undefined)
  t.deepEqual(await room.left(), [])
  const steps = pcs.asked.map((one) => one.split(' ')[1]).filter((step) => step !== 'reach')
  t.deepEqual(steps, ['facts', 'preflight', 'reboot', 'mint', 'join'])
  const taken = done.indexOf('remove-member')
  t.true(done.indexOf('job reboot') < taken && done.indexOf('job mint') < taken, done.join())
})

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

test.serial(
  'it comes back while another PC is made ready: nobody is crowned, and nothing is left',
  async (t) => {
    t.timeout(300_000)
    const { pcs, done } = room
    const before = await pcs.voters()
    const victim = await newest()
    const from = done.length
    await pcs.off(victim === '' ? 'pc-2' : victim)
    const gone = before.find((name) => !pcs.masters().includes(name)) ?? ''
    pcs.before = async (_, step) => {
      if (step === 'mint') await pcs.on(gone)
    }
    const count = (await room.state()).history.length
    const state = await room.until('it is undone', ({ history }) => history.length > count)
    pcs.before = async () => {}
    t.like(state.history[0], { kind: 'Replace', leaving: [gone] }, room.told.join('\n'))
    t.regex(state.history[0]?.failed ?? '', /is not as it was|reaches/)
    t.deepEqual(await pcs.voters(), before)
    t.deepEqual(await room.left(), [])
    t.false(done.slice(from).includes('remove-member'))
    t.true(isMaster(await room.node(gone)))
  },
)

test.serial('two of three masters are silent: that is no time to crown anybody', async (t) => {
  t.timeout(300_000)
  const { pcs } = room
  const before = await pcs.voters()
  const from = room.done.length
  for (const name of before.slice(0, 2)) await pcs.off(name)
  const since = (await room.state()).at
  // More than twice as long as a master may be silent.
  await room.until('it is watched for long', ({ at }) => at - since > 150_000)
  t.true(room.told.some((one) => one.startsWith('etcd unread')))
  for (const name of before.slice(0, 2)) await pcs.on(name)
  const state = await room.until('all are well', ({ sick }) => Object.keys(sick).length === 0)
  t.is(state.operation, undefined)
  t.deepEqual(await pcs.voters(), before)
  t.deepEqual(room.done.slice(from), [])
})

test.serial(
  'halted: nothing is begun; a master steps down on purpose, and another one has come before',
  async (t) => {
    t.timeout(300_000)
    const { pcs, done } = room
    const before = await pcs.voters()
    const [leaving = ''] = before
    await room.rewrite((state) => ({ ...state, restUntil: 0, stormUntil: 0, storm: '' }))
    await room.order({ [HALT]: 'somebody looks', [STEP_DOWN]: leaving })
    const held = await room.until('it is held', ({ waiting }) => waiting !== undefined)
    t.regex(held.waiting ?? '', /halted by an administrator: somebody looks/)
    const from = done.length
    await room.order({ [HALT]: null })
    const count = held.history.length
    const state = await room.until('it stepped down', ({ history }) => history.length > count)
    t.like(
      state.history[0],
      { kind: 'StepDown', leaving: [leaving], failed: undefined },
      room.told.join('\n'),
    )
    const voters = await pcs.voters()
    t.is(voters.length, 3)
    t.false(voters.includes(leaving))
    const now = done.slice(from)
    t.true(now.indexOf('job join') < now.indexOf('job stop-api'), now.join())
    t.false(isMaster(await room.node(leaving)))
    t.deepEqual(await room.left(), [])
  },
)

test.serial('a master dies, and somebody deletes its Node: it is replaced all the same', async (t) => {
  t.timeout(300_000)
  const { pcs, core } = room
  const [victim = ''] = await pcs.voters()
  await room.hasten()
  const count = (await room.state()).history.length
  await pcs.off(victim)
  await core.deleteNode({ name: victim })
  const state = await room.until('it is replaced', ({ history }) => history.length > count)
  t.like(state.history[0], { kind: 'Replace', leaving: [victim], failed: undefined }, room.told.join('\n'))
  t.false((await pcs.voters()).includes(victim))
  t.deepEqual(await room.left(), [])
})
