import type { Pc } from '../lab/gluster/gluster.ts'
import { BIRTH, OPTIONS } from '../storage/gluster/agent/volume-options.ts'
import type { Options } from '../storage/gluster/plan/facts.ts'
import type { OwnGluster } from '../test/harness/gluster.ts'
import { innerLinux, type Place } from './nfs/inner.ts'
import { mountNfs, serveByNfs } from './nfs/server.ts'

/** Places for files that are measured beside each other: a bare disk, and volumes of so many copies. */

/** A folder to work in, and where it is. */
export interface Arm {
  readonly name: string
  readonly pc: Place
  readonly folder: string
  /** The arm that it is compared with, under the same conditions. */
  readonly beside: string
}

/** The certificate of whoever mounts. */
const DESK = { of: 'room', name: 'desk' } as const
export const ONE_COPY = { volume: 'copies1', name: '1 copy', inner: '1 copy, in a Linux of its own' } as const

/** A volume of so many copies on the first PCs, mounted on the desk with the options that a room's has. */
export async function mountedVolume(room: OwnGluster, desk: Pc, copies: number): Promise<Arm> {
  const volume = copies === 1 ? ONE_COPY.volume : `copies${copies}`
  const folder = await mounted(room, desk, volume, copies)
  return {
    name: copies === 1 ? ONE_COPY.name : `${copies} copies`,
    pc: desk,
    folder,
    beside: ONE_COPY.name,
  }
}

/** The same by any name and with further options; resolves with a folder in it. */
export async function mounted(
  room: OwnGluster,
  desk: Pc,
  name: string,
  copies: number,
  further: Options = {},
): Promise<string> {
  const [first] = room.lab.servers()
  if (!first) throw new Error('there is no PC')
  const pcs = room.lab.servers().slice(0, copies)
  const gluster = (...args: string[]) =>
    first.must(['gluster', '--mode=script', ...args], { timeout: 60_000 })
  for (const pc of pcs.slice(1)) await gluster('peer', 'probe', pc.name)
  await settled(first, copies - 1)
  const bricks = pcs.map((pc) => `${pc.name}:/brick/${name}`)
  await gluster('volume', 'create', name, ...(copies > 1 ? ['replica', String(copies)] : []), ...bricks)
  const allowed = [...room.lab.servers().map((pc) => pc.name), 'desk'].join(',')
  const options = { ...BIRTH, ...OPTIONS, 'auth.ssl-allow': allowed, ...further }
  await gluster('volume', 'set', name, ...Object.entries(options).flat())
  await gluster('volume', 'start', name)
  const folder = `/mnt/${name}`
  const mount = `mkdir -p ${folder} && mount -t glusterfs ${first.name}:/${name} ${folder} && ls ${folder}`
  await desk.must(['sh', '-c', mount])
  return `${folder}/work`
}

/**
 * Both from a Linux of its own, since this machine's may have no NFS: files of an NFS server, and beside them the volume of one
 * copy, which is there already, under the same conditions. NFS goes over the wire in the clear, the volume by TLS.
 */
export async function innerArms({ lab }: OwnGluster): Promise<readonly Arm[]> {
  const server = await lab.addClient('nfs', { of: 'room', name: 'nfs' }, 'nfs')
  await serveByNfs(server)
  const [first] = lab.servers()
  const folders = { nfs: '/mnt/nfs', volume: `/mnt/${ONE_COPY.volume}` }
  const volume = `mkdir -p ${folders.volume}
    mount -t glusterfs ${first?.name}:/${ONE_COPY.volume} ${folders.volume}
    ls ${folders.volume}`
  const inner = async (name: string, mount: string) =>
    innerLinux(await lab.addClient(name, DESK, 'nfs'), mount)
  const { inner: beside } = ONE_COPY
  return [
    {
      name: 'NFS, in a Linux of its own',
      pc: await inner('desk-nfs', mountNfs(server.name, folders.nfs)),
      folder: `${folders.nfs}/work`,
      beside,
    },
    { name: beside, pc: await inner('desk-volume', volume), folder: `${folders.volume}/inner`, beside },
  ]
}

/** A peer that was probed a moment ago is not one for bricks yet. */
async function settled(first: Pc, peers: number): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const told = await first.must(['gluster', 'peer', 'status'])
    if ((told.match(/Peer in Cluster \(Connected\)/g) ?? []).length >= peers) return
    await new Promise((done) => setTimeout(done, 500))
  }
  throw new Error('the PCs do not become one pool')
}

export const turned = (arms: readonly Arm[], by: number): readonly Arm[] => {
  const at = by % arms.length
  return [...arms.slice(at), ...arms.slice(0, at)]
}

/** Round by round: what one arm took or gave, as a part of another. */
export const ratios = (these: readonly number[], those: readonly number[]): number[] =>
  these.map((one, round) => one / (those[round] ?? Number.NaN))
