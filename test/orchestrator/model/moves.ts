import { admit } from '../../../orchestrator/admit.ts'
import type { Guard } from '../../../orchestrator/guards.ts'
import { step } from '../../../orchestrator/step.ts'
import { renamed, textOf } from './canon.ts'
import { keptOf, look, policyOf, stateOf } from './kept.ts'
import {
  beats,
  comeBack,
  type Fault,
  happen,
  hasQuorum,
  machineOf,
  NOW,
  NOW_MS,
  type Run,
  SOMEBODY,
  type World,
  work,
} from './world.ts'
import { wrongAfter, wrongAtEnd, wrongToAdmit } from './wrongs.ts'

/** Everything that can happen next in a world. */

export interface Move {
  readonly name: string
  /** The world after it, as text. */
  readonly text: string
  readonly wrong: string | undefined
  /** It needs no luck, and is no accident: whatever must be able to heal may count on it. */
  readonly helps: boolean
}

export interface Rules {
  readonly guards: readonly Guard[]
  /** What may break. */
  readonly faults: readonly Fault[]
  /** Whether effects are judged once more on fresh facts right before they are done. */
  readonly admits: boolean
  /**
   * Whether etcd itself refuses what would cost its quorum: then time may pass between the second look and the effect, and
   * else it does not. Each of the two is enough.
   */
  readonly strict: boolean
}

type Change = (world: World) => string | undefined

/** The moves of a world that is given as text, each on a copy of its own. */
export function moves(text: string, rules: Rules): Move[] {
  const found: Move[] = []
  const now = JSON.parse(text) as World
  const move = (name: string, helps: boolean, change: Change): void => {
    const world = JSON.parse(text) as World
    const wrong = change(world)
    const after = textOf(renamed(world))
    if (after !== text || wrong !== undefined) found.push({ name, text: after, wrong, helps })
  }
  if (hasQuorum(now)) {
    now.runs.forEach((run, at) => {
      const isSame = at > 0 && JSON.stringify(now.runs[at - 1]) === JSON.stringify(run)
      if (!isSame) runMoves(run, at, now, rules, move)
    })
    for (const { name, state } of now.jobs)
      if (state === 'running') {
        move(`${name} goes on`, true, (world) => {
          work(world, name)
          return wrongAfter(now, world)
        })
        if (now.left.failures > 0)
          move(`${name} fails`, false, (world) => {
            world.left.failures--
            for (const job of world.jobs) if (job.name === name) job.state = 'failed'
            return undefined
          })
      }
  }
  const goesOn = found.some(({ helps }) => helps)
  accidents(now, rules, move)
  orders(now, move)
  time(now, goesOn, move)
  return found
}

type Add = (name: string, helps: boolean, change: Change) => void

const IDLE: Run = { at: 'idle', effect: null, operation: '' }

function runMoves({ at, effect, operation }: Run, index: number, now: World, rules: Rules, move: Add): void {
  const who = `run ${index}`
  if (at === 'idle') {
    move(`${who} decides`, true, (world) => {
      const { state, effect } = step(look(world), stateOf(world), policyOf(world), NOW_MS, rules.guards)
      world.kept = keptOf(state)
      if (effect) world.runs[index] = { at: 'written', effect, operation: state.operation?.id ?? '' }
      return wrongAtEnd(now, world)
    })
    return
  }
  // Its reply is lost, it dies, or it never called: the next run cannot tell these apart.
  move(`${who} ends`, false, (world) => {
    world.runs[index] = IDLE
    return undefined
  })
  if (effect === null) return
  const what = `${effect.do}${'step' in effect ? ` ${effect.step}` : ''}`
  const done: Change = (world) => {
    world.runs[index] = IDLE
    happen(world, effect, operation, rules.strict)
    return wrongAfter(now, world)
  }
  if (at === 'written')
    move(`${who} admits ${what}`, true, (world) => {
      const refused =
        rules.admits &&
        (operation !== NOW ||
          admit(effect, look(world), stateOf(world), policyOf(world), NOW_MS, rules.guards))
      world.runs[index] = refused ? IDLE : { at: 'admitted', effect, operation }
      if (refused) return undefined
      const wrong = wrongToAdmit(world, effect, operation)
      return wrong === undefined && !rules.strict ? done(world) : wrong
    })
  else move(`${who}: ${what}`, true, done)
}

function accidents(now: World, { faults }: Rules, move: Add): void {
  for (const [name, { fault }] of Object.entries(now.machines)) {
    if (fault === 'none' && now.left.faults > 0)
      for (const kind of faults)
        move(`${name}: ${kind}`, false, (world) => {
          world.left.faults--
          machineOf(world, name).fault = kind
          return undefined
        })
    if (fault !== 'none' && now.left.returns > 0)
      move(`${name} is back`, false, (world) => {
        world.left.returns--
        comeBack(world, name)
        return undefined
      })
  }
}

/** Time that passes: a phase takes too long, silence is noticed, everything that was long is over. */
function time(now: World, goesOn: boolean, move: Add): void {
  const { operation } = now.kept
  // When something goes on, that it takes too long is bad luck.
  const isLuck = goesOn && now.left.delays > 0
  if (operation !== undefined && operation.since > 0 && (isLuck || !goesOn))
    move('too long', !goesOn, (world) => {
      if (goesOn) world.left.delays--
      world.kept = { ...world.kept, operation: { ...operation, since: 0 } }
      return undefined
    })
  for (const [name, machine] of Object.entries(now.machines))
    if (machine.fault !== 'none' && !machine.silent)
      move(`${name} is silent for long`, true, (world) => {
        machineOf(world, name).silent = true
        return undefined
      })
  const { excluded, restUntil, stormUntil } = now.kept
  const waits =
    restUntil > 0 ||
    stormUntil > 0 ||
    Object.keys(excluded).length > 0 ||
    Object.values(now.machines).some((machine) => beats(machine) && !machine.steady)
  if (operation === undefined && waits && !goesOn)
    move('a quiet day', true, (world) => {
      for (const machine of Object.values(world.machines)) if (beats(machine)) machine.steady = true
      world.kept = { ...world.kept, excluded: {}, restUntil: 0, stormUntil: 0 }
      return undefined
    })
}

/** What people do, and what happens to bricks; each is taken back at some time. */
function orders(now: World, move: Add): void {
  const order = (name: string, change: (world: World) => unknown): void => {
    if (now.left.orders > 0)
      move(name, false, (world) => {
        world.left.orders--
        change(world)
        return undefined
      })
  }
  const takeBack = (is: boolean, name: string, change: (world: World) => unknown): void => {
    if (is)
      move(name, true, (world) => {
        change(world)
        return undefined
      })
  }
  order('halt', (world) => (world.halt = true))
  takeBack(now.halt, 'no halt', (world) => (world.halt = false))
  order('pause', (world) => (world.pause = true))
  takeBack(now.pause, 'no pause', (world) => (world.pause = false))
  for (const { id, learner } of now.members)
    if (!learner && id !== now.leader) order(`${id} leads`, (world) => (world.leader = id))
  order('blind', (world) => (world.blind = true))
  takeBack(now.blind, 'not blind', (world) => (world.blind = false))
  for (const [name, { brick, node }] of Object.entries(now.machines)) {
    if (brick === 'spared')
      order(`the brick of ${name} is needed`, (world) => (machineOf(world, name).brick = 'needed'))
    takeBack(brick === 'needed', `the brick of ${name} is spared`, (world) => {
      machineOf(world, name).brick = 'spared'
    })
    if (node?.closedBy.startsWith('op@'))
      order(`somebody opens ${name}, and works there`, (world) => {
        const machine = machineOf(world, name)
        machine.busy = true
        if (machine.node) machine.node.closedBy = ''
      })
    if (node && node.closedBy === '' && !node.master)
      order(`somebody closes ${name}`, (world) => {
        const closed = machineOf(world, name).node
        if (closed) closed.closedBy = SOMEBODY
      })
    takeBack(node?.closedBy === SOMEBODY, `somebody opens ${name}`, (world) => {
      const closed = machineOf(world, name).node
      if (closed) closed.closedBy = ''
    })
  }
}
