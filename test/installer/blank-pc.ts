import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type DebianWish, unpackedDebian } from '../../lab/debian/root.ts'
import { type CallResult, call } from '../../lab/programs/call.ts'
import { firstProcessOf, OWN_NAMESPACES } from '../harness/own-namespaces.ts'

/**
 * A bare PC on which `install.sh` runs as on a real one: a Debian on a disk of its own, further disks, and power that fails. Its
 * disks are images, attached as loop devices; partition tables, file systems and mounts are real. What a PC without systemd
 * and internet lacks are stand-ins (`stand-ins/`), which note what they were called for.
 */

const DEBIAN: DebianWish = {
  name: 'blank-pc',
  suite: 'trixie',
  packages: [
    ...[
      'mount',
      'fdisk',
      'xfsprogs',
      'e2fsprogs',
      'util-linux',
      'procps',
      'openssl',
      'kmod',
      'curl',
      'iproute2',
    ],
    'hostname',
  ],
}

const STAND_INS = join(import.meta.dirname, 'stand-ins')
export const REPOSITORY = join(import.meta.dirname, '../..')

/** Noted, and counted by the power cut. */
const PROGRAMS_THAT_ARE_NOT_HERE = [
  ...['systemctl', 'apt-get', 'apt-mark', 'dpkg', 'modprobe', 'sysctl', 'swapoff', 'udevadm'],
]
/** The same, but they come with the bundle. */
const OF_THE_BUNDLE = ['kubeadm', 'ctr']
const READERS_THAT_ARE_NOT_HERE = ['dpkg-query']
/** Real ones that write, after each of which power may fail. */
const WRITERS = [...['sfdisk', 'mkfs.xfs', 'wipefs', 'partx', 'sync', 'mv']]

const MIB = 2 ** 20

export interface Disk {
  readonly serial: string
  /** Bytes. */
  readonly size: number
}

export interface BlankPc {
  /** A folder of this machine that the PC sees at /srv/given. */
  readonly given: string
  /** Runs install.sh with these words. */
  install(...words: readonly string[]): Promise<CallResult>
  run(script: string, input?: string): Promise<CallResult>
  /** What that shell line says. @throws when it fails */
  said(script: string): Promise<string>
  /** Its disk of that serial, as /dev has it. */
  device(serial: string): string
  /** What stand-ins were called for since the last time. */
  calls(): Promise<string[]>
  /** Power fails after so many more programs that write. */
  cutAfter(programs: number): Promise<void>
  powerOff(): Promise<void>
  powerOn(): Promise<void>
  /** A new Debian, as after the disk of the system has died; other disks stay. */
  reinstall(): Promise<void>
  /** Ends it, and detaches and removes its disks. */
  scrap(): Promise<void>
}

/** @param folder where it may write; empty */
export async function blankPc(folder: string, disks: readonly Disk[], systemBytes = 24e9): Promise<BlankPc> {
  const lower = await unpackedDebian(DEBIAN)
  layStandIns(folder)
  mkdirSync(join(folder, 'given'))
  const attached = new Map<string, { readonly device: string; readonly held: number }>()
  let holder: ChildProcess | undefined
  let first = 0

  const attach = (serial: string, image: string): void => {
    const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim()
    // Whoever is killed leaves none behind: from here on the kernel detaches it when nobody holds it any more.
    attached.set(serial, { device, held: openSync(device, 'r') })
    execFileSync('losetup', ['--detach', device])
    forgetParts(device)
    // Not every kernel that runs tests reads GPT by itself, as that of a PC does. It fails where there is no table.
    spawnSync('partx', ['--update', device])
  }
  const detach = (serial: string): void => {
    const disk = attached.get(serial)
    if (disk === undefined) return
    forgetParts(disk.device)
    closeSync(disk.held)
    attached.delete(serial)
  }
  const deviceOf = (serial: string): string => attached.get(serial)?.device ?? ''
  const image = (serial: string): string => join(folder, `${serial}.img`)
  const makeDisk = ({ serial, size }: Disk): void => {
    rmSync(image(serial), { force: true })
    writeFileSync(image(serial), '')
    truncateSync(image(serial), size)
  }
  const makeSystem = (): void => {
    makeDisk({ serial: 'SYSTEM-1', size: systemBytes })
    // Ten GiB for the system, the rest is free.
    const inside = `mount --bind "$1" "$2/mnt" && exec chroot "$2" sh -c '
      printf "label: gpt\\nstart=2048, size=20971520, name=system\\n" | sfdisk --quiet /mnt/SYSTEM-1.img &&
      mkfs.ext4 -q -E offset=1048576 /mnt/SYSTEM-1.img 10485760k'`
    execFileSync(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', inside, 'sh', folder, lower],
      {
        stdio: 'pipe',
      },
    )
    attach('SYSTEM-1', image('SYSTEM-1'))
  }

  const powerOn = async (): Promise<void> => {
    const words = disks.flatMap(({ serial }) => [deviceOf(serial), serial])
    const script = join(import.meta.dirname, 'blank-pc.sh')
    const args = [script, folder, lower, REPOSITORY, deviceOf('SYSTEM-1'), ...words]
    const log = openSync(join(folder, 'boot.log'), 'a')
    const begun = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...OWN_NAMESPACES, 'sh', ...args], {
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    holder = begun
    first = await firstProcessOf(begun, 20)
  }
  const powerOff = (): Promise<void> =>
    new Promise((done) => {
      if (holder === undefined || holder.exitCode !== null || holder.signalCode !== null) return done()
      holder.once('exit', () => done())
      process.kill(first, 'SIGKILL')
    })
  const inside = (args: readonly string[], input = ''): Promise<CallResult> =>
    call('nsenter', ['--target', String(first), '--all', '--', ...args], {
      input,
      env: { PATH: '/usr/local/sbin:/usr/sbin:/usr/bin' },
    })
  const run: BlankPc['run'] = (script, input) => inside(['sh', '-c', script], input)
  const said: BlankPc['said'] = async (script) => {
    const { code, stdout, stderr } = await run(script)
    if (code !== 0) throw new Error(`${script}: ${stderr}`)
    return stdout.trim()
  }
  const end = async (): Promise<void> => {
    await powerOff()
    for (const serial of [...attached.keys()]) detach(serial)
  }

  try {
    for (const disk of disks) {
      makeDisk(disk)
      attach(disk.serial, image(disk.serial))
    }
    makeSystem()
    await powerOn()
  } catch (error) {
    await end()
    throw error
  }
  return {
    given: join(folder, 'given'),
    run,
    said,
    install: (...words) => inside(['sh', '/srv/repository/installer/install.sh', ...words]),
    device: deviceOf,
    async calls() {
      const { stdout } = await run('cat /var/log/calls; rm -f /var/log/calls')
      return stdout.split('\n').filter(Boolean)
    },
    async cutAfter(programs) {
      await said(`echo ${programs} >/run/cut`)
    },
    powerOff,
    powerOn,
    async reinstall() {
      await powerOff()
      detach('SYSTEM-1')
      makeSystem()
      await powerOn()
    },
    async scrap() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Partitions that were made known by hand stay with the device, whatever is attached to it next. */
const forgetParts = (device: string): void => void spawnSync('partx', ['--delete', '--nr', '1:8', device])

function layStandIns(folder: string): void {
  const [programs, standIns] = [join(folder, 'programs'), join(folder, 'stand-ins')]
  const copy = (from: string, to: string): void => copyFileSync(join(STAND_INS, from), to)
  for (const place of [programs, standIns]) mkdirSync(place, { recursive: true })
  for (const name of [...PROGRAMS_THAT_ARE_NOT_HERE, ...WRITERS]) copy('cut.sh', join(programs, name))
  for (const name of READERS_THAT_ARE_NOT_HERE) copy('stand-in.sh', join(programs, name))
  mkdirSync(join(standIns, 'cut'), { recursive: true })
  for (const name of [...PROGRAMS_THAT_ARE_NOT_HERE, ...OF_THE_BUNDLE])
    copy('stand-in.sh', join(standIns, name))
  for (const name of OF_THE_BUNDLE) copy('cut.sh', join(standIns, 'cut', name))
}

/** How much of an image is on the disk of the machine, for tests of what was not written. */
export const written = (path: string): number => statSync(path).blocks * 512

/** Large enough for a brick, and a hole until it is written to. */
export const DISK_BYTES = 9_000 * MIB
