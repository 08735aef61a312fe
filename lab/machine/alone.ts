import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RunKind, RunWish } from '../run/life.ts'
import { MACHINE_ENDING, type Machine, openMachine, startMachine } from './machine.ts'

/** A machine without a cluster, its store of images empty: to build images in, or to run a few containers. */
export interface LoneMachine {
  readonly dir: string
  readonly machine: Machine
}

export const MACHINE_ALONE: RunKind<RunWish, LoneMachine> = {
  name: 'machine',
  ending: MACHINE_ENDING,
  undo: ['cgroups'],
  async begin(dir, _wish, progress) {
    mkdirSync(join(dir, 'store'))
    await startMachine(dir, join(dir, 'store'), progress)
    return {}
  },
  attach: (dir) => ({ dir, machine: openMachine(dir) }),
}
