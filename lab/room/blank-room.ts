import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { MACHINE_ENDING, type Machine, openMachine } from '../machine/machine.ts'
import type { CallResult } from '../programs/call.ts'
import { endRun } from '../run/end.ts'
import * as life from '../run/life.ts'
import type { RunRecord } from '../run/record.ts'
import { startProcess } from '../run/run.ts'
import { blankImage } from './blank-image.ts'
import { blankPcs, refuseBlankWish, refuseOtherBlank } from './blank-plan.ts'
import { BRICK_GIB, refuseBrick } from './brick.ts'
import { layBrickPrograms } from './brick-programs.ts'
import { type PcDisk, pcDisk } from './disk.ts'
import { startFirmware } from './firmware.ts'
import { layGround, refuseMachine, UNDO_GROUND } from './ground.ts'
import { loadImage } from './image-store.ts'
import { ROOM_KINDS } from './kinds.ts'
import { readMembers } from './members.ts'
import { pcCalled } from './newcomer.ts'
import { type PcPower, pcPower } from './pc.ts'
import { NETWORK, type Pc } from './plan.ts'
import { newDisk, OF_A_SITE, STICK, start } from './system.ts'
import { wayIn } from './way-in.ts'

/** PCs with an empty Debian each and no cluster, in the network of a room: what the first `install.sh init` begins with. */
export interface BlankRoom {
  readonly name: string
  /** The run's folder; removed by `down`. */
  readonly dir: string
  readonly machine: Machine
  /** `pc-1`, `pc-2`, … */
  readonly pcs: readonly Pc[]
  /** Switches them off and on, and cuts them from the network. */
  readonly pc: PcPower
  /** What happens to their disks for Gluster. */
  readonly disk: PcDisk
  /** The folder that every PC finds as /media/stick. */
  readonly stick: string
  /** A line for the shell of that PC, as root; it ends after an hour at the latest. */
  run(pc: string, script: string, input?: string): Promise<CallResult>
  /** The state of that PC's systemd: `running`, `degraded`, `starting`, …; `off` without power. */
  system(pc: string): Promise<string>
  /** A port of 127.0.0.1 of this machine that leads to HOST:PORT in the room's network, for as long as the room runs. */
  wayIn(name: string, to: string): Promise<number>
  down(): Promise<void>
}

export interface BlankRoomOptions extends life.RunWish {
  readonly count: number
  /** How large each PC's disk for Gluster is. @default 2, and whatever a room that runs has */
  readonly brickGiB?: number
}

export const BLANK_ROOM: life.RunKind<BlankRoomOptions, BlankRoom> = {
  name: ROOM_KINDS.blank,
  ending: MACHINE_ENDING,
  undo: UNDO_GROUND,
  refuse: ({ count, brickGiB }) => refuseBlankWish(count) ?? refuseBrick(brickGiB) ?? refuseMachine(),
  begin,
  async adapt(dir, { name, count, brickGiB }) {
    const { pcs, brickGiB: has } = readMembers(dir)
    const refusal = refuseOtherBlank(name, { count: pcs.length, brickGiB: has }, { count, brickGiB })
    if (refusal) throw new Error(refusal)
    await startFirmware(dir, openMachine(dir))
  },
  attach,
}

/** Makes such a room, or attaches to the healthy one of that name and size. */
export const upBlank = (options: BlankRoomOptions): Promise<BlankRoom> => life.up(BLANK_ROOM, options)

/** Attaches to a running one, whatever PCs of it are off; undefined when there is none of that name. */
export const openBlank = (name: string): Promise<BlankRoom | undefined> => life.open(BLANK_ROOM, name)

/**
 * A cluster's DNS wants to be told of one that knows other names: nobody listens there, so whoever asks hears at once that there is
 * none, and waits for nothing.
 */
const NO_DNS = ['--dns', NETWORK.gateway]

/** Milliseconds. An installation takes minutes. */
const LONGEST_CALL = 3_600_000

function attach(dir: string, { name }: RunRecord): BlankRoom {
  const machine = openMachine(dir)
  const { pcs } = readMembers(dir)
  const pc = pcPower(machine, () => pcs)
  const run: BlankRoom['run'] = async (called, script, input = '') => {
    const args = ['podman', 'exec', '-i', pcCalled(pcs, called).name, 'sh', '-euc', script]
    return machine.exec(args, { input, timeout: LONGEST_CALL })
  }
  return {
    name,
    dir,
    machine,
    pcs,
    pc,
    disk: pcDisk(machine, pc.isOn),
    stick: join(machine.share, STICK),
    run,
    async system(called) {
      if (!(await pc.isOn(called))) return 'off'
      // Its exit code says the same.
      return (await run(called, 'systemctl is-system-running || :')).stdout.trim() || 'starting'
    },
    wayIn: (id, to) =>
      wayIn(
        machine,
        (part, command, args, options) => startProcess(dir, part, command, args, { ...options, guest: true }),
        id,
        to,
      ),
    down: () => endRun(dir),
  }
}

async function begin(
  dir: string,
  { name, count, brickGiB = BRICK_GIB }: BlankRoomOptions,
  progress: (line: string) => void,
): Promise<life.Begun> {
  const pcs = blankPcs(count)
  const image = await blankImage(progress)
  const members = { masters: 0, workers: count, brickGiB, pcs }
  const ground = { name, members, key: `blank-${image.key}`, dns: false }
  const { machine, store } = await layGround(dir, ground, progress)
  await layBrickPrograms(machine, progress)
  await loadImage(machine, store, 'blank-pc', (file) => image.write(file, progress), progress)
  mkdirSync(join(machine.share, STICK))
  await startFirmware(dir, machine)
  progress(`booting ${count} blank PC${count === 1 ? '' : 's'}`)
  // One at a time: podman gives out loop devices and addresses one at a time as well, and a boot takes a second.
  for (const pc of pcs) {
    const disk = await newDisk(machine, name)
    await start(machine, name, pc, { image: image.reference, disk, more: [...OF_A_SITE, ...NO_DNS] })
  }
  return {}
}
