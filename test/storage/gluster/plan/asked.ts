import type { BrickPlace, Change, Facts, Options, Volume } from '../../../../storage/gluster/plan/facts.ts'
import { quorumOf } from '../../../../storage/gluster/plan/shape.ts'
import { type Room, TICK, VOLUME_ID } from './room.ts'

/** Time passes, and what was late happens. */
export function pass(room: Room): void {
  const due = room.late.filter(({ at }) => at <= room.now + TICK)
  room.late = room.late.filter((one) => !due.includes(one))
  room.isLate = true
  for (const { change } of due) carryOut(room, change)
  room.isLate = false
  room.pass()
}

/** What is asked of Gluster, and how that ends. */
export function ask(
  room: Room,
  change: Change,
  end: 'told' | 'reply lost' | 'call lost' | 'refused' | 'late',
  answers: Facts,
): void {
  judge(room, change, answers)
  if (change.change === 'wipe' || change.change === 'unfence') {
    judgeMemory(room, change)
    return
  }
  // It changes nothing, whenever it happens and however often.
  if (change.change === 'heal') return
  if (room.late.length > 0) room.wrongs.push(`${change.change} while another change is under way`)
  if (end === 'late') room.late.push({ change, at: room.now + 6 * TICK })
  if (end === 'told' || end === 'reply lost') carryOut(room, change)
  const { intent } = room.memory
  if (intent && (end === 'told' || end === 'refused'))
    room.memory = {
      ...room.memory,
      intent: { ...intent, answer: end === 'told' ? 'accepted' : { refused: 'try again' } },
    }
}

function wrong(room: Room, change: Change, why: string): void {
  room.wrongs.push(`${change.change}: ${why} (${room.done.slice(-8).join(' ')})`)
}

/** What must hold at the moment of asking. */
function judge(room: Room, change: Change, { pcs }: Facts): void {
  room.done.push(change.change)
  const isBehindhand = change.change === 'fence' && !room.volume?.bricks.some(({ pc }) => pc === change.pc)
  if (!isBehindhand && ['fence', 'replace', 'reset', 'lower'].includes(change.change)) {
    const known = (pcs === 'unread' ? [] : pcs).filter(
      ({ name, retiring }) =>
        room.volume?.bricks.some(({ pc }) => pc === name) || (!room.isFenced(name) && !retiring),
    )
    const away = known.filter(({ ready }) => !ready).length
    if (away * 2 > known.length || (away > 3 && away * 5 > known.length))
      wrong(room, change, 'most PCs are away, it is the network')
  }
}

function judgeMemory(room: Room, change: Extract<Change, { readonly change: 'wipe' | 'unfence' }>): void {
  const machine = room.at(change.pc)
  if (change.change === 'wipe') {
    const files = machine?.files ?? new Set()
    const elsewhere = room
      .sets()
      .every((_, at) =>
        (room.acked[at] ?? []).every(
          (file) =>
            !files.has(file) ||
            liveWith(room, file, at) >= quorumOf(room.volume?.width ?? 1) - (room.volume?.arbiters ?? 0),
        ),
      )
    if (!elsewhere) wrong(room, change, 'files on it are not elsewhere')
  }
}

function liveWith(room: Room, file: number, at: number): number {
  return (room.sets()[at] ?? []).filter(({ pc }) => room.runs(pc) && room.at(pc)?.files.has(file)).length
}

function carryOut(room: Room, change: Change): void {
  const { volume } = room
  switch (change.change) {
    case 'probe': {
      const machine = room.at(change.pc)
      if (machine?.up && machine.uuid && !room.peers.some(({ name }) => name === change.pc))
        room.peers.push({ name: change.pc, uuid: machine.uuid })
      if (machine && machine.epoch > 0) wrong(room, change, 'it brings an old pool back')
      return
    }
    case 'detach':
      if (volume?.bricks.some(({ pc }) => pc === change.pc)) wrong(room, change, 'it has a brick')
      room.peers = room.peers.filter(({ name }) => name !== change.pc)
      return
    case 'create':
      if (volume) {
        wrong(room, change, 'there is one')
        return
      }
      if (change.bricks.length !== change.width) wrong(room, change, 'count')
      room.volume = {
        name: 'homes',
        id: VOLUME_ID,
        status: 'created',
        width: change.width,
        arbiters: change.arbiters,
        bricks: change.bricks,
        options: change.options,
      }
      take(room, change, change.bricks)
      return
    case 'wipe':
    case 'unfence':
    case 'heal':
      return
    case 'touch-root':
      room.rootSpoilt = false
      return
    case 'rebalance':
      room.rebalance = { id: `run-${++room.made}`, state: 'running', failures: 0 }
      return
    case 'stop-rebalance':
      if (room.rebalance) room.rebalance.state = 'stopped'
      return
    default:
      if (volume) shape(room, change, volume)
      room.tell()
  }
}

function shape(
  room: Room,
  change: Extract<
    Change,
    { readonly change: 'fence' | 'options' | 'start' | 'replace' | 'reset' | 'raise' | 'lower' | 'add-set' }
  >,
  volume: Volume,
): void {
  const options = (more: Options): void => {
    room.volume = { ...volume, options: { ...volume.options, ...more } }
  }
  switch (change.change) {
    case 'fence':
      options({ 'auth.ssl-allow': change.allowed })
      return
    case 'options':
      options(change.options)
      return
    case 'start':
      room.volume = { ...volume, status: 'started' }
      return
    case 'replace': {
      const bricks = volume.bricks.map((one) => (one.pc === change.from.pc ? change.to : one))
      if (!volume.bricks.some(({ pc }) => pc === change.from.pc)) return
      room.volume = { ...volume, bricks }
      take(room, change, [change.to])
      room.rootSpoilt = true
      left(room, change)
      return
    }
    case 'reset':
      take(room, change, [change.brick])
      left(room, change)
      return
    case 'raise': {
      const each = change.width - volume.width
      if (change.bricks.length !== each * room.sets().length) {
        wrong(room, change, 'count')
        return
      }
      const bricks = room
        .sets()
        .flatMap((set, at) => [...set, ...change.bricks.slice(at * each, (at + 1) * each)])
      room.volume = { ...volume, width: change.width, arbiters: change.arbiters, bricks }
      take(room, change, change.bricks)
      room.rootSpoilt = true
      left(room, change)
      return
    }
    case 'lower': {
      const rest = room
        .sets()
        .map((set) => set.filter(({ pc }) => !change.bricks.some((one) => one.pc === pc)))
      if (rest.some(({ length }) => length !== change.width)) wrong(room, change, 'not one of each set')
      room.volume = { ...volume, width: change.width, arbiters: 0, bricks: rest.flat() }
      left(room, change)
      return
    }
    case 'add-set':
      if (change.bricks.length !== volume.width) {
        wrong(room, change, 'count')
        return
      }
      room.volume = { ...volume, bricks: [...volume.bricks, ...change.bricks] }
      take(room, change, change.bricks)
      return
  }
}

/** Bricks become the volume's. */
function take(room: Room, change: Change, bricks: readonly BrickPlace[]): void {
  for (const { pc } of bricks) {
    const machine = room.at(pc)
    if (!machine) continue
    if (machine.holds !== 'nothing') wrong(room, change, `${pc} holds something`)
    machine.holds = VOLUME_ID
    machine.files = new Set()
  }
}

/** After our doing every set that it was about has sound copies enough that nothing hangs on one of them. */
function left(
  room: Room,
  change: Extract<Change, { readonly change: 'replace' | 'reset' | 'raise' | 'lower' }>,
): void {
  if (room.isLate) return
  const least = Math.max(1, quorumOf(room.volume?.width ?? 1) - (room.volume?.arbiters ?? 0))
  const about =
    change.change === 'replace' ? change.to.pc : change.change === 'reset' ? change.brick.pc : undefined
  room.sets().forEach((set, at) => {
    const sound = room.sound(at).length
    if ((about === undefined || set.some(({ pc }) => pc === about)) && sound < least)
      wrong(room, change, `${sound} sound copies are left of set ${at + 1}`)
  })
}
