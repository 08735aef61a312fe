import { GLUSTER } from '../../config/names.ts'
import type { Machine } from '../machine/machine.ts'
import { brickImage } from './brick.ts'
import { BRICK_PROGRAMS } from './brick-programs.ts'
import { DYING, type Pace, paceLines } from './slow-disk.ts'

/** What can happen to the brick of a PC that is on. */
export const DISK_TROUBLES = ['lost', 'full', 'slow'] as const
export type DiskTrouble = (typeof DISK_TROUBLES)[number]

/** Each resolves when it has happened. */
export interface PcDisk {
  /** Whatever is open on it fails, and where it was there is an empty folder; after the next boot, an empty disk. */
  lose(name: string): Promise<void>
  /** Less than 1 MiB is free. */
  fill(name: string): Promise<void>
  drain(name: string): Promise<void>
  /** As slow as a dying disk, for everything that runs on the PC now, until the next boot at the latest. */
  slowDown(name: string): Promise<void>
  speedUp(name: string): Promise<void>
}

/** Ends a trouble. @throws for a disk that is lost: it does not come back */
export async function endTrouble(disk: PcDisk, trouble: DiskTrouble, pc: string): Promise<void> {
  if (trouble === 'lost')
    throw new Error(`a lost disk does not come back: switch ${pc} off and on, and it has an empty one`)
  await (trouble === 'full' ? disk.drain : disk.speedUp)(pc)
}

export const makeTrouble = (disk: PcDisk, trouble: DiskTrouble, pc: string): Promise<void> =>
  ({ lost: disk.lose, full: disk.fill, slow: disk.slowDown })[trouble](pc)

/** What makes a brick full: beside the folder that Gluster is given, so that nobody takes it for data. */
const BALLAST = `${GLUSTER.brick}/ballast`

/** Takes no room on the machine: the space is given away, and nothing written. Steps are MiB. */
const FILL = `
size=$(( $(stat --format %s ${BALLAST} 2>/dev/null || echo 0) / 1048576 ))
for step in 1024 256 64 16 4 1; do
  while fallocate --offset "\${size}MiB" --length "\${step}MiB" ${BALLAST} 2>/dev/null; do
    size=$((size + step))
  done
done`

/** @param isOn throws where the room has no such PC */
export function pcDisk(machine: Machine, isOn: (name: string) => Promise<boolean>): PcDisk {
  async function onPc(name: string, script: string): Promise<string> {
    if (!(await isOn(name))) throw new Error(`${name} is off: switch it on first`)
    const guard = `PATH=$PATH:${BRICK_PROGRAMS}; mountpoint --quiet ${GLUSTER.brick} || { echo "there is none" >&2; exit 1; }\n`
    const args = ['podman', 'exec', name, 'sh', '-euc', `${guard}${script}`]
    const { code, stdout, stderr } = await machine.exec(args)
    if (code === 0) return stdout.trim()
    throw new Error(`the disk for Gluster of ${name}: ${stderr.trim()}`)
  }
  async function pace(name: string, wanted?: Pace): Promise<void> {
    const device = await onPc(name, `findmnt --noheadings --output MAJ:MIN ${GLUSTER.brick}`)
    const asking = ['podman', 'inspect', '--format', '{{.HostConfig.CgroupParent}}/libpod-{{.Id}}', name]
    const group = (await machine.must(asking)).trim()
    await machine.must(['sh', '-euc', paceLines(group, device.trim(), wanted)])
  }
  return {
    async lose(name) {
      const dying = `xfs_io -x -c shutdown ${GLUSTER.brick} && umount --lazy ${GLUSTER.brick}`
      await onPc(name, `${dying} && rm ${brickImage(name)}`)
    },
    fill: async (name) => void (await onPc(name, FILL)),
    drain: async (name) => void (await onPc(name, `rm --force ${BALLAST}`)),
    slowDown: (name) => pace(name, DYING),
    speedUp: (name) => pace(name),
  }
}
