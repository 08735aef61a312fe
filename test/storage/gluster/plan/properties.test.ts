import test from 'ava'
import fc from 'fast-check'
import { plan } from '../../../../storage/gluster/plan/decide.ts'
import type { Facts, Policy } from '../../../../storage/gluster/plan/facts.ts'
import { GUARDS, type Guard } from '../../../../storage/gluster/plan/guards.ts'
import { copiesWith } from '../../../../storage/gluster/plan/shape.ts'
import { ask, pass } from './asked.ts'
import { POLICY, Room } from './room.ts'

/** Rooms in which PCs come and go, disks die, replies are lost and the administrator changes their mind. */

const ENDS = ['told', 'told', 'told', 'reply lost', 'call lost', 'refused', 'late'] as const
const READS = ['running', 'heal', 'volume', 'peers', 'pcs', 'rebalance', 'root'] as const

const happening = fc.record({
  what: fc.constantFrom(
    'down',
    'down',
    'up',
    'up',
    'disk',
    'dead',
    'new',
    'copies',
    'retire',
    'storm',
    'wait',
    'wait',
  ),
  which: fc.nat({ max: 30 }),
  ticks: fc.integer({ min: 1, max: 14 }),
  end: fc.constantFrom(...ENDS),
  unread: fc.subarray([...READS], { maxLength: 1 }),
})
type Happening = typeof happening extends fc.Arbitrary<infer One> ? One : never

const story = fc.record({
  pcs: fc.integer({ min: 1, max: 12 }),
  copies: fc.integer({ min: 1, max: 6 }),
  counts: fc.boolean(),
  happenings: fc.array(happening, { minLength: 8, maxLength: 30 }),
})
type Story = typeof story extends fc.Arbitrary<infer One> ? One : never

interface Told {
  readonly room: Room
  readonly policy: Policy
}

function step(
  { room, policy }: Told,
  guards: readonly Guard[],
  end: Happening['end'] = 'told',
  unread: readonly (keyof Facts)[] = [],
): boolean {
  // Somebody must be there to lead.
  if (room.leader() === undefined) return false
  const facts = room.facts(new Set(unread))
  const { change, memory } = plan(policy, facts, room.now, guards)
  room.memory = memory
  if (change) ask(room, change, end, facts)
  return change !== undefined || memory.intent !== undefined
}

function happen(told: { room: Room; policy: Policy }, { what, which }: Happening, dead: Set<string>): void {
  const { room } = told
  const one = room.machines[which % room.machines.length]
  if (!one) return
  const mayLose = room.isHealthy() && told.room.volume !== undefined && told.room.volume.width > 2
  if (what === 'down') room.turn(one.name, false)
  if (what === 'up' && !dead.has(one.name)) room.turn(one.name, true)
  if (what === 'storm') for (const { name } of room.machines.slice(which % 4)) room.turn(name, false)
  if (what === 'new' && room.machines.length < 14) room.add()
  if (what === 'copies') told.policy = { ...told.policy, copies: (which % 6) + 1 }
  if (what === 'retire') one.retiring = !one.retiring
  if (what === 'disk' && mayLose) room.loseDisk(one.name)
  if (what === 'dead' && mayLose && dead.size < 2) {
    dead.add(one.name)
    room.turn(one.name, false)
  }
}

/** What went wrong in that story; nothing when all is well. */
function tell({ pcs, copies, counts, happenings }: Story, guards: readonly Guard[] = GUARDS): string[] {
  const room = new Room()
  room.counts = counts
  const told = { room, policy: { ...POLICY, copies } }
  const dead = new Set<string>()
  for (let at = 0; at < pcs; at++) room.add()
  for (const one of happenings) {
    happen(told, one, dead)
    for (let tick = 0; tick < one.ticks; tick++) {
      pass(room)
      step(told, guards, tick === 0 ? one.end : 'told', tick === 0 ? one.unread : [])
      if (room.wrongs.length > 0) return room.wrongs
    }
  }
  room.counts = true
  for (const { name } of room.machines) if (!dead.has(name)) room.turn(name, true)
  let quiet = 0
  for (let tick = 0; tick < 600 && quiet < 20; tick++) {
    pass(room)
    quiet = step(told, guards) ? 0 : quiet + 1
    if (room.wrongs.length > 0) return room.wrongs
  }
  return unsettled(told, quiet)
}

/** What is still not as it is wanted when nothing happens any more. */
function unsettled({ room, policy }: Told, quiet: number): string[] {
  const { volume, memory } = room
  if (quiet < 20) return [`it does not come to rest: ${room.done.slice(-12).join(' ')}`]
  if (!volume) return room.machines.some(({ up, retiring }) => up && !retiring) ? ['there is no volume'] : []
  const members = new Set(volume.bricks.map(({ pc }) => pc))
  const spares = room.machines.filter(
    (one) => one.up && !one.retiring && !members.has(one.name) && one.holds === 'nothing',
  ).length
  const sets = volume.bricks.length / volume.width
  const have = volume.width - volume.arbiters
  const wrongs: string[] = []
  const lost = volume.bricks.filter(({ pc }) => !room.at(pc)?.up)
  for (let at = 0; at < sets; at++) {
    const sound = room.sound(at).length
    if (sound < have && (spares > 0 || lost.length === 0)) wrongs.push(`set ${at} has ${sound} of ${have}`)
  }
  if (lost.length === 0) {
    if (have > policy.copies) wrongs.push(`${have} copies, ${policy.copies} wanted`)
    if (
      sets === 1 &&
      have < policy.copies &&
      have < copiesWith(have + volume.arbiters + spares, policy.copies)
    )
      wrongs.push(`${have} copies with ${spares} spares, ${policy.copies} wanted`)
    if (have < policy.copies && spares >= sets * (policy.copies - have)) wrongs.push('it could grow')
    if (have === policy.copies && spares - policy.spares >= volume.width) wrongs.push('a set could be added')
    if (sets > 1 && memory.balanced !== sets) wrongs.push('files are not spread')
  }
  if (spares > 0 && have > 1 && room.machines.some((one) => one.retiring && members.has(one.name)))
    wrongs.push('one that is to leave has a brick')
  if (memory.fenced.some(({ pc }) => room.at(pc)?.up)) wrongs.push('one that is back is still shut out')
  if (room.rootSpoilt) wrongs.push('the root has a wrong time')
  return wrongs.map((why) => `${why}: ${room.done.slice(-12).join(' ')}`)
}

const RUNS = 100

test('whatever happens, nothing is lost by us, one thing is done at a time, and it comes to rest as wanted', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(story, (one) => {
        const wrongs = tell(one)
        if (wrongs.length > 0) throw new Error(wrongs.join('\n'))
      }),
      { numRuns: RUNS, seed: 16, endOnFailure: true },
    ),
  )
})

/** The guards without which random stories come to harm; the others have their case in guards.test.ts. */
for (const name of [
  'one-at-a-time',
  'network',
  'elsewhere',
  'wiped-first',
  'healed-before-wiping',
  'settled',
]) {
  test(`without the guard ${name} some story ends badly`, (t) => {
    const guards = GUARDS.filter((one) => one.name !== name)
    t.is(guards.length, GUARDS.length - 1)
    const found = fc.check(
      fc.property(story, (one) => tell(one, guards).length === 0),
      { numRuns: 500, seed: 16, endOnFailure: true },
    )
    t.true(found.failed)
  })
}
