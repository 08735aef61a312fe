import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Machine } from '../machine/machine.ts'
import { balancerOf, type Pc } from './plan.ts'

/** How a room was made, and which PCs it has now. */
const Members = z.object({
  masters: z.number(),
  workers: z.number(),
  /** How large the bricks of its PCs are. */
  brickGiB: z.number(),
  pcs: z.array(z.object({ name: z.string(), role: z.enum(['master', 'worker']), address: z.string() })),
})
export type Members = Readonly<z.infer<typeof Members>>

const file = (dir: string): string => join(dir, 'room.json')

/** @param dir the folder of a room */
export const readMembers = (dir: string): Members =>
  Members.parse(JSON.parse(readFileSync(file(dir), 'utf8')))

/** Whole or not at all: whoever attaches to the room reads it at any time. */
export function writeMembers(dir: string, members: Members): void {
  writeFileSync(`${file(dir)}.next`, JSON.stringify(members))
  renameSync(`${file(dir)}.next`, file(dir))
}

/** Tells the room's podman which address each container gets. */
export function pinAddresses(machine: Machine, room: string, pcs: readonly Pc[]): void {
  const lines = [...pcs, balancerOf(room)].map(({ name, address }) => `${name} ${address}\n`)
  writeFileSync(join(machine.share, 'addresses'), lines.join(''))
}
