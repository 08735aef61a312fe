import { locate } from '../binaries/locate.ts'
import { type Cluster, clusterOf } from '../kubectl/cluster.ts'
import { MACHINE_ENDING, type Machine, openMachine } from '../machine/machine.ts'
import * as life from '../run/life.ts'
import type { RunRecord } from '../run/record.ts'
import { openApi } from './api.ts'
import { leadToMasters } from './balancer.ts'
import { writeBalancerImage } from './balancer-image.ts'
import { BRICK_GIB, refuseBrick } from './brick.ts'
import { type Coming, coming } from './coming.ts'
import { type PcDisk, pcDisk } from './disk.ts'
import { mendDns } from './dns.ts'
import { doorOf, tellDoor } from './door-file.ts'
import { type EtcdPart, etcdMembers } from './etcd-members.ts'
import { startFirmware } from './firmware.ts'
import { layGround, refuseMachine, UNDO_GROUND } from './ground.ts'
import { type Held, holdJoin, type JoinStep } from './hold.ts'
import { forgetOtherImages, loadImage, storeOf } from './image-store.ts'
import { makeCluster } from './kind-cluster.ts'
import { otherRooms, ROOM_KINDS } from './kinds.ts'
import { readMembers } from './members.ts'
import { nodeImage } from './node-image.ts'
import { type PcPower, pcPower } from './pc.ts'
import { type Pc, pcsOf, type RoomWish, refuseWish } from './plan.ts'
import { notePodRoutes } from './pod-routes.ts'
import { startRegistry } from './registry.ts'
import { type SeenPc, seenPcs } from './roles.ts'

/** A running room: a real cluster made by kind and kubeadm, each node of it standing for one PC. */
export interface Room extends Cluster {
  /** Those that it has now: PCs come and leave. */
  readonly pcs: readonly Pc[]
  /** Switches PCs off and on, cuts them from the network, lets them come and leave. */
  readonly pc: PcPower & Coming
  /** What happens to their disks for Gluster. */
  readonly disk: PcDisk
  /** What the cluster says of each PC now, by name: `pcs` has what they were made as. */
  seen(): Promise<ReadonlyMap<string, SeenPc>>
  /** What each is to etcd, by name; one that is no member is not there. */
  etcd(): Promise<ReadonlyMap<string, EtcdPart>>
  /** Stops a join that begins later on that PC, once it is through with a step. */
  holdJoin(pc: string, step: JoinStep, seconds: number): Promise<Held>
  readonly machine: Machine
}

export interface RoomOptions extends life.RunWish {
  /** 1, 3 or 5; default 1. */
  readonly masters?: number
  /** Default 1. */
  readonly workers?: number
  /** How large each PC's disk for Gluster is. @default 2, and whatever a room that runs has */
  readonly brickGiB?: number
}

/** A cluster of PCs in a machine of its own. */
export const ROOM: life.RunKind<RoomOptions, Room> = {
  name: ROOM_KINDS.cluster,
  ending: MACHINE_ENDING,
  undo: UNDO_GROUND,
  refuse: (options) => refuseWish(sizeIn(options)) ?? refuseBrick(options.brickGiB) ?? refuseMachine(),
  begin,
  async adapt(dir, options) {
    await refuseOtherSize(dir, options)
    await startFirmware(dir, openMachine(dir))
  },
  attach,
}

/** Makes a room, or attaches to the healthy one of that name and size, as `life.up` does it for every kind of run. */
export const up = (options: RoomOptions): Promise<Room> => life.up(ROOM, options)

/** Attaches to a running room, whatever PCs of it are off; undefined when there is none of that name. */
export const open = (name: string): Promise<Room | undefined> => life.open(ROOM, name)

const sizeIn = ({ masters = 1, workers = 1 }: RoomOptions): RoomWish => ({ masters, workers })

/** A room that runs is not made anew: it has what it was made with, and whoever came since. */
async function refuseOtherSize(dir: string, options: RoomOptions): Promise<void> {
  const [has, wish] = [readMembers(dir), sizeIn(options)]
  const sameBrick = options.brickGiB === undefined || options.brickGiB === has.brickGiB
  if (has.masters === wish.masters && has.workers === wish.workers && sameBrick) return
  throw new Error(
    `the room "${options.name}" was made with ${has.masters} masters, ${has.workers} workers ` +
      `and ${has.brickGiB} GiB for Gluster on each: ` +
      `end it first (npm run lab -- room down --name ${options.name}), or choose another name`,
  )
}

function attach(dir: string, record: RunRecord): Room {
  const cluster = clusterOf(dir, record)
  const machine = openMachine(dir)
  const pcsNow = (): readonly Pc[] => readMembers(dir).pcs
  const power = pcPower(machine, pcsNow)
  return {
    ...cluster,
    get pcs() {
      return pcsNow()
    },
    machine,
    pc: { ...power, ...coming(cluster, machine) },
    disk: pcDisk(machine, power.isOn),
    async seen() {
      const nodes = await cluster.run(['get', 'nodes', '-o', 'json', '--request-timeout=5s'])
      return nodes.code === 0 ? seenPcs(nodes.stdout) : new Map()
    },
    etcd: () => etcdMembers(machine, pcsNow()),
    holdJoin: (pc, step, seconds) => holdJoin(machine, pc, step, seconds),
  }
}

async function begin(
  dir: string,
  options: RoomOptions,
  progress: (line: string) => void,
): Promise<life.Begun> {
  const { name } = options
  const wish = sizeIn(options)
  const { brickGiB = BRICK_GIB } = options
  const pcs = pcsOf(name, wish)
  const image = await nodeImage(progress)
  const registry = (await locate(['registry'], { progress })).get('registry') ?? 'registry'
  if (otherRooms(name).length === 0) forgetOtherImages(storeOf(image.key))
  const ground = { name, members: { ...wish, brickGiB, pcs }, key: image.key, dns: true }
  const { machine, store } = await layGround(dir, ground, progress)
  await loadImage(machine, store, 'node', (file) => image.write(file, progress), progress)
  if (wish.masters > 1) {
    await loadImage(machine, store, 'balancer', (file) => writeBalancerImage(file, progress), progress)
  }
  await makeCluster(machine, name, wish, image, progress)
  await startFirmware(dir, machine)
  for (const pc of pcs) await tellDoor(machine, pc, doorOf(name, wish))
  if (wish.masters > 1) await leadToMasters(machine, name, pcs)
  progress("starting the room's registry")
  await startRegistry(dir, machine, pcs, registry)
  const api = await openApi(dir, name, wish, machine, image.binary('kubectl'))
  await notePodRoutes(machine, pcs, await api.nodes())
  await mendDns(api.run)
  return { server: api.server, kubectl: image.binary('kubectl') }
}
