import { dirname, join } from 'node:path'
import type { Machine } from '../machine/machine.ts'
import { waitForLock } from '../run/lock.ts'
import { cacheFolder } from '../run/places.ts'
import { until } from '../run/readiness.ts'
import { blankImage } from './blank-image.ts'
import { brickImage } from './brick.ts'
import { plugIn, unplug } from './firmware.ts'
import { containerOf, type SystemDisk } from './newcomer.ts'
import { NETWORK, type Pc } from './plan.ts'
import { routeToPods } from './pod-routes.ts'
import { REGISTRY } from './registry.ts'

/** What a PC of the room boots from: a container's image, and a disk that stays with the PC. */

/** The folder of the machine that a blank PC finds as a stick: whoever installs it puts there what the PC gets. */
export const STICK = 'stick'
/** Where it is on that PC. */
export const STICK_ON_PC = '/media/stick'

/** What a site has besides its PCs: a name for its registry, and a stick. */
export const OF_A_SITE = [
  ...['--add-host', `${REGISTRY.replace(/:\d+$/, '')}:${NETWORK.gateway}`],
  ...['--volume', `/share/${STICK}:${STICK_ON_PC}:ro`],
]

/** Of a PC's system, on its disk. */
const VARIABLE = '/var'

export const imageOf = async (machine: Machine, { name }: Pc): Promise<string> =>
  (await machine.must(['podman', 'inspect', '--format', '{{.ImageName}}', name])).trim()

export const newDisk = async (machine: Machine, room: string): Promise<string> =>
  (await machine.must(['podman', 'volume', 'create', '--label', `io.x-k8s.kind.cluster=${room}`])).trim()

/** podman's name of the disk of a PC; undefined where there is no such container. */
async function diskOf(machine: Machine, name: string): Promise<string | undefined> {
  const mounts = `{{range .Mounts}}{{if eq .Destination "${VARIABLE}"}}{{.Name}}{{end}}{{end}}`
  const { code, stdout } = await machine.exec(['podman', 'inspect', '--format', mounts, name])
  return code === 0 ? stdout.trim() : undefined
}

/** The container of that name with its disks; nothing where there is none. */
export async function scrap(machine: Machine, name: string): Promise<void> {
  const disk = await diskOf(machine, name)
  if (disk === undefined) return
  await machine.must(['podman', 'rm', '--force', '--time', '0', '--volumes', name])
  await machine.must(['podman', 'volume', 'rm', '--force', disk])
}

/** Starts the container of a PC; resolves when its system is up. */
export async function start(machine: Machine, room: string, pc: Pc, system: SystemDisk): Promise<void> {
  await machine.must(['podman', ...containerOf(room, pc, system)])
  const asking = ['podman', 'exec', pc.name, 'systemctl', 'is-active', 'multi-user.target']
  const booted = async (): Promise<boolean> => (await machine.exec(asking)).code === 0
  const outcome = await until(pc.name, 60_000, booted, () => true)
  if (!outcome.ready) throw new Error(outcome.reason)
}

/** The disk of its system dies, and another system boots from a new one. Its brick is a disk of its own, and stays. */
export async function replaceSystem(
  machine: Machine,
  room: string,
  pc: Pc,
  { image, more }: Omit<SystemDisk, 'disk'>,
): Promise<void> {
  const { name } = pc
  const disk = await newDisk(machine, room)
  // What the image has is laid on an empty disk alone, so before the brick is.
  const laying = ['--rm', '--network', 'none', '--entrypoint', '/bin/true', '--volume', `${disk}:${VARIABLE}`]
  await machine.must(['podman', 'run', ...laying, image])
  unplug(machine, name)
  await machine.exec(['podman', 'kill', '--signal', 'KILL', name])
  await machine.exec(['podman', 'wait', name])
  const dead = await diskOf(machine, name)
  if (dead !== undefined) await moveBrick(machine, name, dead, disk)
  await scrap(machine, name)
  plugIn(machine, name)
  await start(machine, room, pc, { image, disk, ...(more ? { more } : {}) })
  await routeToPods(machine)
}

/** In the lab the image of a brick lies on the disk of the system. */
async function moveBrick(machine: Machine, pc: string, from: string, to: string): Promise<void> {
  const place = async (disk: string): Promise<string> => {
    const at = await machine.must(['podman', 'volume', 'inspect', '--format', '{{.Mountpoint}}', disk])
    return `${at.trim()}${brickImage(pc).slice(VARIABLE.length)}`
  }
  const [here, there] = [await place(from), await place(to)]
  const script = '[ ! -e "$1" ] || { mkdir -p "$(dirname "$2")" && mv "$1" "$2"; }'
  await machine.must(['sh', '-euc', script, 'sh', here, there])
}

/** The image of a blank PC, in the store of the machine; made once, and kept with the others. */
export async function loadBlank(
  machine: Machine,
  progress: (line: string) => void = () => {},
): Promise<string> {
  const { reference, write } = await blankImage(progress)
  const lock = join(dirname(cacheFolder()), 'room-blank.lock')
  const release = await waitForLock(lock, 'loading the image of a blank PC', progress)
  try {
    if ((await machine.exec(['podman', 'image', 'exists', reference])).code === 0) return reference
    const file = join(machine.share, 'blank.tar')
    await write(file, progress)
    const store = ['--root', '/images', '--runroot', '/run/images']
    await machine.must(['podman', ...store, 'load', '-i', '/share/blank.tar'])
    await machine.must(['rm', '/share/blank.tar'])
    return reference
  } finally {
    release()
  }
}
