import type { Effect } from '../../../orchestrator/effect.ts'
import {
  beats,
  hasQuorum,
  isApiReady,
  leaderOf,
  machineOf,
  NOW,
  SOMEBODY,
  serves,
  type World,
} from './world.ts'

/** What must never happen. Each is a sentence for whoever reads a counterexample. */

/** Of an effect in the moment in which it is admitted, by what is really so in that moment. */
export function wrongToAdmit(world: World, effect: Effect, operation: string): string | undefined {
  const { kept } = world
  const open = kept.operation
  if (open === undefined || operation !== NOW) return 'I6: an operation that is over goes on'
  if (JSON.stringify(open.intent?.effect) !== JSON.stringify(effect))
    return 'I6: a run that was overtaken goes on'
  if (world.halt) return 'it goes on although it was halted'
  const node = 'node' in effect && effect.node !== '' ? machineOf(world, effect.node) : undefined
  const isMember = 'node' in effect && world.members.some(({ pc }) => pc === effect.node)
  switch (effect.do) {
    case 'remove-member':
      return wrongToRemove(world, effect.pc, effect.member)
    case 'delete-node':
      if (isMember) return 'the Node of a listed member is deleted'
      return node?.node && beats(node) ? 'the Node of a PC that is there is deleted' : undefined
    case 'cordon':
      if (node?.node?.closedBy === SOMEBODY) return 'I7: what somebody closed is taken for ours'
      return node?.brick === 'needed' ? 'I8: a set of bricks loses what it needs' : undefined
    case 'evict':
      return node?.busy && node.node?.warnedBy !== operation
        ? 'people are moved without a warning'
        : undefined
    case 'uncordon':
      return node?.keys && !isMember ? 'a PC with the keys of a master is opened' : undefined
    case 'job':
      return wrongToRun(world, effect, isMember)
    default:
      return undefined
  }
}

function wrongToRun(world: World, effect: Effect & { do: 'job' }, isMember: boolean): string | undefined {
  const machine = machineOf(world, effect.node)
  switch (effect.step) {
    case 'reboot':
      if (isMember) return 'a master is rebooted'
      if (machine.brick === 'needed') return 'I8: a set of bricks loses what it needs'
      return machine.busy ? 'a PC is rebooted under its people' : undefined
    case 'demote':
      return isMember ? 'what etcd counts as a member is wiped' : undefined
    case 'join':
      if (!world.backup) return 'masters are changed without a backup'
      if (world.blind) return 'masters are changed blindly'
      return world.pause && isUnasked(world, effect.node) ? 'it begins although it was paused' : undefined
    case 'stop-api':
      return world.blind ? 'masters are changed blindly' : undefined
    default:
      return undefined
  }
}

/** Nothing was taken away yet, and nobody asked the PC to join. */
const isUnasked = ({ kept, jobs, members }: World, node: string): boolean =>
  kept.operation?.kind !== 'Replace' &&
  !jobs.some(({ step, operation }) => step === 'join' && operation === NOW) &&
  !members.some(({ pc }) => pc === node)

function wrongToRemove(world: World, pc: string, id: string): string | undefined {
  const operation = world.kept.operation
  const member = world.members.find((one) => one.id === id)
  if (world.blind) return 'masters are changed blindly'
  if (operation === undefined || member === undefined) return undefined
  const isUndone = operation.phase === 'Undo'
  if (!world.backup && operation.kind !== 'Neutralise' && !isUndone)
    return 'masters are changed without a backup'
  const leaving = operation.leaving.find(({ name }) => name === pc)
  const machine = machineOf(world, pc)
  if (leaving?.as !== undefined && !isUndone) {
    if (serves(world, member) && beats(machine)) return 'I5: a master that is back is taken out'
    const isFirst = operation.leaving.every(({ name }) => world.members.some((one) => one.pc === name))
    if (isFirst && world.pause) return 'it begins although it was paused'
    const heir = operation.heir && machineOf(world, operation.heir.name)
    if (operation.kind === 'Replace' && isFirst) {
      if (heir === undefined || !beats(heir)) return 'a master is given up and no heir is there'
      if (!world.secrets.includes(NOW)) return 'a master is given up and its heir cannot join'
    }
  }
  if (serves(world, member) && leaderOf(world) === id && world.members.length > 1)
    return 'I5: the leader is taken out'
  if (!Object.keys(world.machines).some((other) => other !== pc && isApiReady(world, other)))
    return 'no API server is left'
  return undefined
}

/** Of something that was done, by the world before and after it. */
export function wrongAfter(before: World, after: World): string | undefined {
  const { members, kept } = after
  if (hasQuorum(before) && !hasQuorum(after)) return 'I1: etcd has lost its quorum by us'
  if (members.filter(({ learner }) => learner).length > 1) return 'I2: two learners'
  const most = kept.wanted + (kept.operation?.kind === 'StepDown' ? 1 : 0)
  const voters = members.filter(({ learner }) => !learner).length
  if (voters > most && voters > before.members.filter(({ learner }) => !learner).length)
    return 'I3: more masters than are wanted'
  return undefined
}

/** Of an operation that has ended just now, where nothing else is going on. */
export function wrongAtEnd(
  before: World,
  { kept, runs, jobs, secrets, machines }: World,
): string | undefined {
  if (before.kept.operation === undefined) return undefined
  const isRest = runs.every(({ at }) => at === 'idle') && !jobs.some(({ state }) => state === 'running')
  if (kept.operation !== undefined || !isRest) return undefined
  if (secrets.includes(NOW)) return 'I9: what a PC could join by is left'
  const closed = Object.entries(machines).find(([, { node }]) => node?.closedBy === NOW)
  if (closed !== undefined && !kept.deposed.includes(closed[0])) return `I7: ${closed[0]} is left closed`
  return undefined
}
