import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, startMachine } from '../machine/machine.ts'
import { weighProcessors } from '../run/cgroups.ts'
import { holdMachineSettings } from '../run/machine-settings.ts'
import { runsFolder } from '../run/places.ts'
import type { Undo } from '../run/record.ts'
import { BRICK_SIZE_FILE } from './brick.ts'
import { storeOf } from './image-store.ts'
import { type Members, pinAddresses, writeMembers } from './members.ts'
import { NETWORK } from './plan.ts'
import { makeSharedDirectory } from './volumes.ts'

/**
 * What the PCs of a room stand on, whoever makes a cluster of them, or nobody: a machine, a network in which their addresses stay,
 * the folder that all of them see, and how large their bricks are.
 */

/** What the end of a room puts right: all that is made here. */
export const UNDO_GROUND: readonly Undo[] = ['cgroups', 'machine-settings']

/** Where PCs read how large their bricks are, as the machine sees it. */
export const BRICKS = '/share/bricks'

/** As many processes of the machine as a PC weighs, where others want its processors as well. */
const WEIGHT_OF_A_PC = 1

/** Why this machine can have no room; undefined when it can. */
export function refuseMachine(): string | undefined {
  return process.getuid?.() === 0
    ? undefined
    : 'a room without Docker needs root, for namespaces and mounts of its own: run it with sudo'
}

export interface Ground {
  readonly name: string
  readonly members: Members
  /** Of the image that the PCs boot from: rooms of one key have one store of images. */
  readonly key: string
  /** Whether somebody in the network knows the names of containers. That one says nothing of names that he does not know. */
  readonly dns: boolean
}

export async function layGround(
  dir: string,
  { name, members, key, dns }: Ground,
  progress: (line: string) => void,
): Promise<{ readonly machine: Machine; readonly store: string }> {
  writeMembers(dir, members)
  await holdMachineSettings(runsFolder(), name)
  const store = storeOf(key)
  mkdirSync(store, { recursive: true })
  weighProcessors(name, WEIGHT_OF_A_PC * members.pcs.length)
  const machine = await startMachine(dir, store, progress)
  makeSharedDirectory(machine.share)
  mkdirSync(join(machine.share, 'bricks'), { recursive: true })
  writeFileSync(join(machine.share, 'bricks', BRICK_SIZE_FILE), `${members.brickGiB}G\n`)
  pinAddresses(machine, name, members.pcs)
  const net = ['--subnet', NETWORK.subnet, '--gateway', NETWORK.gateway, ...(dns ? [] : ['--disable-dns'])]
  await machine.must(['podman', 'network', 'create', ...net, NETWORK.name])
  return { machine, store }
}
