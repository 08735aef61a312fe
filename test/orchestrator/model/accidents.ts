import { machineOf, type World } from './world.ts'

/** What is done for a crowning in place of m0 until nothing can be taken back any more, nobody being on the heir. */
export const EVERYTHING_BEFORE = [
  'ask m0',
  'backup',
  'preflight s0',
  'cordon s0',
  'reboot s0',
  'mint m1',
] as const

/** A PC loses power, and that was long ago. */
export function kill(world: World, name: string): World {
  Object.assign(machineOf(world, name), { fault: 'off', silent: true })
  return world
}
