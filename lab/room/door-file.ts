import { dirname } from 'node:path'
import { CROWN } from '../../config/names.ts'
import type { Machine } from '../machine/machine.ts'
import { balancerOf, type Pc, pcsOf, type RoomWish } from './plan.ts'

/** Where an API server is found, whichever master lives: the balancer stands for the room's one address. */
export function doorOf(room: string, wish: RoomWish): string {
  const host = wish.masters === 1 ? pcsOf(room, wish)[0]?.address : balancerOf(room).name
  return `https://${host}:6443`
}

/** Tells a PC, as an installation does. */
export async function tellDoor(machine: Machine, pc: Pc, door: string): Promise<void> {
  const write = `mkdir -p ${dirname(CROWN.door)} && cat >${CROWN.door}`
  await machine.must(['podman', 'exec', '-i', pc.name, 'sh', '-c', write], { input: `${door}\n` })
}
