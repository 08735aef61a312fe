import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DESKTOP } from '../../config/names.ts'
import { buildImages } from '../images/build.ts'
import type { BuiltImage } from '../images/context.ts'
import { type LoneMachine, MACHINE_ALONE } from '../machine/alone.ts'
import type { Machine } from '../machine/machine.ts'
import { endRun } from '../run/end.ts'
import { up } from '../run/life.ts'
import type { DeskOptions } from './container.ts'
import { type Desk, startDesk } from './desk.ts'
import { type Belongings, belongingsIn, makeBelongings } from './person.ts'

export type { Desk } from './desk.ts'
export { ENTRY_UUID, UID } from './person.ts'

/** Desktops as containers of the real images, as bare as Kubernetes runs them, in a machine of their own. */
export interface Desks extends Belongings {
  readonly machine: Machine
  start(name: string, options?: DeskOptions): Promise<Desk>
  down(): Promise<void>
}

/** Starts the machine and gives it the images. Needs root. */
export async function startDesks(
  name: string,
  images: readonly BuiltImage[],
  progress: (line: string) => void,
): Promise<Desks> {
  const built = await buildImages(images, progress)
  const { dir, machine } = await up(MACHINE_ALONE, { name, ownerPid: process.pid, progress })
  try {
    for (const image of built) await giveImage(machine, image)
    makeBelongings(machine.share)
  } catch (error) {
    await endRun(dir)
    throw error
  }
  return desksIn({ dir, machine })
}

function desksIn({ dir, machine }: LoneMachine): Desks {
  let port = DESKTOP.port
  return {
    machine,
    ...belongingsIn(machine.share),
    down: () => endRun(dir),
    start: (desk, options = {}) => startDesk({ dir, machine }, desk, port++, options),
  }
}

/** Puts an image of the cache into the machine's engine, as `localhost/NAME`. */
async function giveImage(
  machine: Machine,
  image: { readonly name: string; readonly archive: string },
): Promise<void> {
  const into = join(machine.share, 'image.tar')
  copyFileSync(image.archive, into)
  const to = `containers-storage:localhost/${image.name}`
  await machine.must(['skopeo', 'copy', '-q', 'oci-archive:/share/image.tar', to])
  rmSync(into)
}
