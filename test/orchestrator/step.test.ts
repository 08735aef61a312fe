import test from 'ava'
import { EVERYTHING_BEFORE, kill } from './model/accidents.ts'
import { play } from './model/play.ts'
import { room } from './model/rooms.ts'
import { comeBack, machineOf, type World } from './model/world.ts'

/** What is done, in which order, where everything works; what goes wrong in other orders is searched in model/. */

const CROWNING = [...EVERYTHING_BEFORE, 'ask m0', 'remove-member m0', 'delete-node m0', 'join s0']
const voters = ({ members }: World): string[] => members.filter(({ learner }) => !learner).map(({ pc }) => pc)

test('a dead master is replaced: the heir is ready before anything is taken away', (t) => {
  const { world, done } = play(kill(room({ masters: 3, spares: 2, wanted: 3 }), 'm0'))
  t.deepEqual(done, [...CROWNING, 'delete-secrets', 'uncordon s0'])
  t.deepEqual(voters(world), ['m1', 'm2', 's0'])
  t.deepEqual(world.kept.deposed, ['m0'])
})

test('people on the heir are warned before their desktops move', (t) => {
  const { done } = play(kill(room({ masters: 3, spares: 1, wanted: 3, busy: true }), 'm0'))
  t.deepEqual(done.slice(0, 7), [
    'ask m0',
    'backup',
    'preflight s0',
    'warn s0',
    'cordon s0',
    'evict s0',
    'reboot s0',
  ])
})

test('without a reboot nobody on the heir is disturbed', (t) => {
  const start = kill(room({ masters: 3, spares: 1, wanted: 3, busy: true }), 'm0')
  const { done, world } = play(start, undefined, { reboot: 'Never' })
  t.deepEqual(
    done.filter((one) => one.endsWith(' s0')),
    ['preflight s0', 'join s0'],
  )
  t.true(machineOf(world, 's0').busy)
})

test('five masters with two dead: both go, then one after the other comes', (t) => {
  const two = kill(kill(room({ masters: 5, spares: 2, wanted: 5 }), 'm0'), 'm1')
  const { world, done } = play(two)
  t.deepEqual(
    done.filter((one) => /^(remove-member|delete-node|join)/.test(one)),
    ['remove-member m0', 'delete-node m0', 'remove-member m1', 'delete-node m1', 'join s0', 'join s1'],
  )
  t.deepEqual(voters(world), ['m2', 'm3', 'm4', 's0', 's1'])
})

for (const moment of [...EVERYTHING_BEFORE, 'remove-member m0'])
  test(`the old master is back at "${moment}": nothing has happened`, (t) => {
    let back = false
    const start = kill(room({ masters: 3, spares: 2, wanted: 3, busy: true }), 'm0')
    const { world, done } = play(start, (effect, world) => {
      if (effect !== moment || back) return
      back = true
      comeBack(world, 'm0')
    })
    t.true(back)
    t.deepEqual(voters(world), ['m0', 'm1', 'm2'])
    t.false(done.some((one) => /^(remove-member|delete-node|join)/.test(one)))
    t.deepEqual(world.secrets, [])
    t.true(Object.values(world.machines).every(({ node }) => node?.closedBy === ''))
  })

test('the old master is back when it is out of etcd: it becomes a worker', (t) => {
  for (const moment of ['delete-node m0', 'join s0']) {
    let back = false
    const { world, done } = play(kill(room({ masters: 3, spares: 1, wanted: 3 }), 'm0'), (effect, world) => {
      if (effect !== moment || back) return
      back = true
      comeBack(world, 'm0')
    })
    t.deepEqual(voters(world), ['m1', 'm2', 's0'], moment)
    t.true(done.includes('demote m0'), moment)
    t.deepEqual(world.kept.deposed, [])
    t.false(machineOf(world, 'm0').keys)
    t.false(machineOf(world, 'm0').node?.master)
  }
})

test('an heir that dies while it joins is taken out again, and another one comes', (t) => {
  let dead = false
  const start = kill(room({ masters: 3, spares: 2, wanted: 3 }), 'm0')
  const { world, done, events } = play(start, (effect, world) => {
    if (effect !== 'join s0' || dead) return
    dead = true
    kill(world, 's0')
  })
  t.deepEqual(voters(world), ['m1', 'm2', 's1'])
  t.true(done.includes('join s1'))
  t.true(events.some(({ reason }) => reason === 'Undone'))
  t.deepEqual(world.kept.deposed, ['m0', 's0'])
})

test('after three heirs in a row that failed it halts, and says why', (t) => {
  // So many PCs that three that die are no storm.
  const start = kill(room({ masters: 3, spares: 8, wanted: 3 }), 'm0')
  const { world, events } = play(start, (effect, world) => {
    const [what, heir = ''] = effect.split(' ')
    if (what === 'join') kill(world, heir)
  })
  t.not(world.kept.halted, undefined)
  t.is(events.filter(({ reason }) => reason === 'Undone').length, 3)
  t.true(events.some(({ reason }) => reason === 'Halted'))
})

test('a list of two that is our own doing is finished, even where the status was lost', (t) => {
  const start = room({ masters: 3, spares: 1, wanted: 3 })
  start.members = start.members.filter(({ pc }) => pc !== 'm0')
  machineOf(start, 'm0').node = null
  kill(start, 'm0')
  const { world, done } = play(start)
  t.deepEqual(voters(world), ['m1', 'm2', 's0'])
  t.false(done.includes('remove-member m0'))
})

test('a room that grew gets three masters, one after the other', (t) => {
  const { world, done } = play(room({ masters: 1, spares: 2, wanted: 3 }))
  t.deepEqual(voters(world), ['m0', 's0', 's1'])
  t.deepEqual(
    done.filter((one) => one.startsWith('join')),
    ['join s0', 'join s1'],
  )
})

test('with one possible heir a single master stays alone', (t) => {
  const { done } = play(room({ masters: 1, spares: 1, wanted: 3 }))
  t.deepEqual(done, [])
})

test('a master that steps down goes when the other one has come', (t) => {
  const { world, done } = play(room({ masters: 3, spares: 1, wanted: 3, stepDown: 'm0' }))
  t.deepEqual(done, [
    'backup',
    'preflight s0',
    'cordon s0',
    'reboot s0',
    'mint m1',
    'join s0',
    'unmark m0',
    'stop-api m0',
    'move-leader',
    'remove-member m0',
    'demote m0',
    'delete-secrets',
    'uncordon s0',
  ])
  t.deepEqual(voters(world), ['m1', 'm2', 's0'])
  t.deepEqual(world.kept.deposed, [])
})

test('one master too many goes, and no heir is asked for', (t) => {
  const { world, done } = play(room({ masters: 5, spares: 0, wanted: 3 }))
  t.deepEqual(
    done.filter((one) => one.startsWith('remove-member')),
    ['remove-member m4', 'remove-member m3'],
  )
  t.deepEqual(voters(world), ['m0', 'm1', 'm2'])
})

test('a dead kubelet: etcd is led by another one before its member goes', (t) => {
  const start = room({ masters: 3, spares: 1, wanted: 3 })
  Object.assign(machineOf(start, 'm0'), { fault: 'kubelet', silent: true })
  const { world, done } = play(start)
  t.true(done.indexOf('move-leader') >= 0)
  t.true(done.indexOf('move-leader') < done.indexOf('remove-member m0'))
  t.deepEqual(voters(world), ['m1', 'm2', 's0'])
})

test('an etcd that is dead on a PC that lives: the PC becomes a worker', (t) => {
  const start = room({ masters: 3, spares: 1, wanted: 3 })
  Object.assign(machineOf(start, 'm0'), { fault: 'etcd', silent: true })
  const { world, done } = play(start)
  t.false(done.includes('delete-node m0'))
  t.true(done.includes('demote m0'))
  t.deepEqual(voters(world), ['m1', 'm2', 's0'])
})

test('it observes and suggests without doing anything', (t) => {
  const start = kill(room({ masters: 3, spares: 1, wanted: 3 }), 'm0')
  const observed = play(start, undefined, { mode: 'Observe' })
  t.deepEqual([observed.done, observed.events], [[], []])
  const suggested = play(start, undefined, { mode: 'Suggest' })
  t.deepEqual(suggested.done, [])
  t.regex(suggested.events[0]?.message ?? '', /^Replace m0 \(MachineDead\), heir s0: [\d.]+ of 100/)
})

test('who is chosen, and why not the others, is told', (t) => {
  const start = kill(room({ masters: 3, spares: 2, wanted: 3 }), 'm0')
  const closed = machineOf(start, 's1').node
  if (closed) closed.closedBy = 'somebody'
  const { events } = play(start)
  const message = events.find(({ reason }) => reason === 'HeirChosen')?.message ?? ''
  t.regex(message, /^s0: [\d.]+ of 100 .*s1: no, somebody made it unschedulable/)
  t.deepEqual(
    events.map(({ reason }) => reason),
    ['Begun', 'HeirChosen', 'PointOfNoReturn', 'Crowned', 'Done'],
  )
})
