import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { layRevocations } from '../../storage/gluster/pc/glusterd.ts'
import { down as downRun, open as openRun, type RunKind, type RunWish, up as upRun } from '../run/life.ts'
import { addressOf, moveAddress, namesIn } from './addresses.ts'
import { loseDisk, readOnDisk, sumsOnDisk } from './disk.ts'
import {
  type ExecOptions,
  exec,
  folderOf,
  giveDisk,
  hasDisk,
  insideOf,
  isOn,
  layDown,
  powerOff,
  powerOn,
  type Role,
  roleOf,
  rootOf,
  wayInto,
} from './pc.ts'
import { glusterRoot } from './root.ts'
import { type Certificate, layCertificate, revoke } from './trust.ts'
import { cutCable, giveAddress, mendCable, roomOf, startWire, WIRE } from './wire.ts'

/** A PC of the lab: real Gluster programs on a Debian, a network card and a disk of its own. */
export interface Pc {
  readonly name: string
  address(): string
  isOn(): boolean
  /** Runs a program in it. One that is ended by its limit has the exit code 124. */
  exec(args: readonly string[], options?: ExecOptions): ReturnType<typeof exec>
  /** Like `exec`, and throws when the exit code is not 0. Resolves with stdout. */
  must(args: readonly string[], options?: ExecOptions): Promise<string>
  /** What another program puts before a command of its own, to run it in here. */
  way(): readonly string[]
  /** Its plug is pulled: packets vanish, and nothing is said to anybody. */
  powerOff(): Promise<void>
  /** On again, with the same disk. */
  powerOn(): Promise<void>
  /** Its cable is cut, or whole again. */
  cutOff(): Promise<void>
  mend(): Promise<void>
  /** Another address, and everybody's names know it. */
  move(): Promise<string>
}

export interface Server extends Pc {
  /** Where its disk is mounted, when it is there. */
  readonly mountPoint: '/brick'
  /** The root of a PC that is on, as the machine sees it. Follow no links in there: they lead out of it. */
  root(): string
  readOnDisk(path: string): Promise<Buffer>
  /** SHA-256 of every file of a folder of its disk, by path. */
  sumsOnDisk(folder: string): Promise<Map<string, string>>
  loseDisk(): Promise<void>
  /** An empty disk; the PC is off. */
  giveDisk(): Promise<void>
}

export interface GlusterLab {
  readonly dir: string
  /** The PCs with a disk, in the order in which they came. */
  servers(): readonly Server[]
  /** One more PC with an empty disk, on. It belongs to no pool yet. */
  addServer(): Promise<Server>
  /** A PC without a disk that may mount, with what it shows to the others; a `desk` has the programs of a desktop, `nfs` those of NFS. */
  addClient(name: string, certificate: Certificate, role?: 'client' | 'desk' | 'nfs'): Promise<Pc>
  /** The certificate of that PC counts no more: all others with a disk that are on are told. */
  revoke(name: string): Promise<void>
  down(): Promise<void>
}

export interface GlusterWish extends RunWish {
  /** How many PCs with a disk; default 3. */
  readonly servers?: number
  /** Whether glusterd is left to whoever keeps the PCs; default false: it runs as soon as a PC is on. */
  readonly kept?: boolean
}

/** PCs with Gluster and nothing else: no Kubernetes. */
export const GLUSTER: RunKind<GlusterWish, GlusterLab> = {
  name: 'gluster',
  ending: { killedFirst: [WIRE], endedLast: [] },
  undo: [],
  refuse: () => refuseMachine(),
  begin: async (dir) => {
    await startWire(dir)
    return {}
  },
  adapt: (dir, { servers = 3, kept = false }, progress) =>
    addServers(dir, servers, progress, kept ? 'kept' : 'server'),
  attach: (dir, record) => glusterOf(dir, record.name),
}

export const up = (wish: GlusterWish): Promise<GlusterLab> => upRun(GLUSTER, wish)
export const open = (name: string): Promise<GlusterLab | undefined> => openRun(GLUSTER, name)

/** Why this machine cannot have PCs with Gluster; undefined when it can, as far as can be told beforehand. */
export function refuseMachine(): string | undefined {
  if (process.getuid?.() !== 0)
    return 'real Gluster needs root, for mounts and loop devices: run it with sudo'
  return existsSync('/dev/fuse') ? undefined : 'this machine has no /dev/fuse: load the kernel module fuse'
}

/** Gives a run, of whatever kind, that many PCs with a disk, if it has fewer. */
export async function addServers(
  dir: string,
  count: number,
  progress: (line: string) => void,
  role: 'server' | 'kept' = 'server',
): Promise<void> {
  if (count === 0) return
  const refusal = refuseMachine()
  if (refusal) throw new Error(refusal)
  await glusterRoot(progress)
  await startWire(dir)
  const has = serverNames(dir).length
  if (has >= count) return
  progress(`starting ${count - has} PC${count - has > 1 ? 's' : ''} with Gluster`)
  const names = Array.from({ length: count - has }, (_, index) => `pc-${has + index + 1}`)
  // One after the other: they share an authority, and the file of all names.
  for (const name of names) await prepare(dir, name, role, { of: 'room', name })
  await Promise.all(names.map((name) => powerOn(dir, name)))
}

/** The PCs of a run, of whatever kind, that has some. */
export function glusterOf(dir: string, name: string): GlusterLab {
  return {
    dir,
    servers: () => serverNames(dir).map((one) => serverAt(dir, one)),
    async addServer() {
      const next = `pc-${serverNames(dir).length + 1}`
      // As the others are.
      const [first] = serverNames(dir)
      const role = first === undefined ? 'server' : roleOf(dir, first)
      await prepare(dir, next, role, { of: 'room', name: next })
      await powerOn(dir, next)
      return serverAt(dir, next)
    },
    async addClient(client, certificate, role = 'client') {
      await prepare(dir, client, role, certificate)
      await powerOn(dir, client)
      return pcAt(dir, client)
    },
    async revoke(gone) {
      const certificate = readFileSync(join(folderOf(dir, gone), 'upper/etc/ssl/glusterfs.pem'), 'utf8')
      const trusted = await revoke(roomOf(dir), certificate)
      const others = serverNames(dir).filter((one) => one !== gone && isOn(dir, one))
      for (const root of others.map((one) => rootOf(dir, one))) {
        writeFileSync(join(root, 'etc/ssl/glusterfs.ca'), trusted)
        await layRevocations({ root }, { state: 'var/lib/glusterd', tls: 'etc/ssl' })
      }
    },
    down: async () => void (await downRun(name)),
  }
}

const serverNames = (dir: string): string[] =>
  namesIn(roomOf(dir)).filter((name) => hasDisk(roleOf(dir, name)))

/** Everything that a PC has before it is switched on for the first time. */
async function prepare(dir: string, name: string, role: Role, certificate: Certificate): Promise<void> {
  await layCertificate(roomOf(dir), await layDown(dir, name, role), certificate)
  addressOf(roomOf(dir), name)
}

function pcAt(dir: string, name: string): Pc {
  const at = { name, run: exec.bind(undefined, dir, name) }
  return {
    name,
    address: () => addressOf(roomOf(dir), name),
    isOn: () => isOn(dir, name),
    exec: at.run,
    async must(args, options) {
      const { code, stdout, stderr } = await at.run(args, options)
      if (code === 0) return stdout
      throw new Error(`\`${args.slice(0, 6).join(' ')}\` in ${name}: exit code ${code}: ${stderr.trim()}`)
    },
    way: () => wayInto(dir, name),
    powerOff: () => powerOff(dir, name),
    powerOn: () => powerOn(dir, name),
    cutOff: () => cutCable(dir, name),
    mend: () => mendCable(dir, name),
    async move() {
      const address = moveAddress(roomOf(dir), name)
      if (isOn(dir, name)) await giveAddress(insideOf(dir, name), address)
      return address
    },
  }
}

const serverAt = (dir: string, name: string): Server => ({
  ...pcAt(dir, name),
  mountPoint: '/brick',
  root: () => rootOf(dir, name),
  readOnDisk: (path) => readOnDisk(dir, name, path),
  sumsOnDisk: (folder) => sumsOnDisk(dir, name, folder),
  loseDisk: () => loseDisk(dir, name),
  giveDisk: () => giveDisk(dir, name),
})
