import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '../machine/machine.ts'
import { runs, startProcess } from '../run/run.ts'

/** What boots PCs that restart themselves, for as long as they have power; a process of the run. */

const ID = 'firmware'
const UNPLUGGED = 'unplugged'

const note = (machine: Machine, pc: string): string => join(machine.share, UNPLUGGED, pc)

/** Starts it, unless it runs. */
export async function startFirmware(dir: string, machine: Machine): Promise<void> {
  if (runs(dir, ID)) return
  mkdirSync(join(machine.share, UNPLUGGED), { recursive: true })
  const program = join(machine.share, 'firmware')
  copyFileSync(join(import.meta.dirname, 'firmware.sh'), program)
  chmodSync(program, 0o755)
  const args = [...machine.inside, '/share/firmware', `/share/${UNPLUGGED}`]
  await startProcess(dir, ID, 'nsenter', args, { guest: true })
}

/** From now on nothing boots the PC. */
export function unplug(machine: Machine, pc: string): void {
  mkdirSync(join(machine.share, UNPLUGGED), { recursive: true })
  writeFileSync(note(machine, pc), '')
}

export function plugIn(machine: Machine, pc: string): void {
  if (existsSync(note(machine, pc))) rmSync(note(machine, pc))
}
