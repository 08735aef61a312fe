import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../kubectl/cluster.ts'
import type { Machine } from '../machine/machine.ts'
import { lock } from '../run/lock.ts'
import { until } from '../run/readiness.ts'
import { leadToMasters } from './balancer.ts'
import { doorOf, tellDoor } from './door-file.ts'
import { pinAddresses, readMembers, writeMembers } from './members.ts'
import { joinConfiguration, newcomer, pcCalled, readInvitation, refuseLeaving } from './newcomer.ts'
import type { Pc } from './plan.ts'
import { notePodRoutes } from './pod-routes.ts'
import { tellNewcomer } from './registry.ts'
import { seenPcs } from './roles.ts'
import { imageOf, loadBlank, newDisk, OF_A_SITE, replaceSystem, STICK, scrap, start } from './system.ts'

/** PCs that come into a running room, and leave it. */
export interface Coming {
  /** A new worker joins; resolves when the cluster knows it and its pods can be reached, not when it is ready. */
  add(name: string): Promise<void>
  /** A worker leaves for ever: its Node, its container and its disks are gone. Nothing is moved away from it first. */
  remove(name: string): Promise<void>
  /**
   * The disk of its system dies, and an empty Debian without Kubernetes is installed on a new one: name, address and brick stay,
   * and its Node, as the cluster knows it. Resolves when the new system is up.
   */
  blank(name: string): Promise<void>
  /** The same with the system that the room gives to PCs, by which it joins; its Node is made anew. */
  renew(name: string): Promise<void>
}

export function coming({ dir, name: room, run }: Cluster, machine: Machine): Coming {
  /** One at a time: addresses are given out here. */
  const alone = async (work: () => Promise<void>): Promise<void> => {
    const release = await lock(join(dir, 'members.lock'), 120_000, 'another PC comes or leaves')
    await work().finally(release)
  }
  /** What the room has from now on, wherever that is noted. */
  const note = async (pcs: readonly Pc[]): Promise<void> => {
    pinAddresses(machine, room, pcs)
    writeMembers(dir, { ...readMembers(dir), pcs: [...pcs] })
    if (readMembers(dir).masters > 1) await leadToMasters(machine, room, pcs)
    await notePodRoutes(machine, pcs, await nodes())
  }
  const nodes = async (): Promise<string> => (await run(['get', 'nodes', '-o', 'json'])).stdout
  return {
    add: (name) =>
      alone(async () => {
        const { pcs } = readMembers(dir)
        const found = newcomer(room, pcs, name)
        if (!found.ok) throw new Error(found.refusal)
        const { pc } = found
        const master = await masterThatIsOn(machine, pcs)
        // What an earlier attempt left, if it was killed.
        await scrap(machine, name)
        pinAddresses(machine, room, [...pcs, pc])
        try {
          await boot(machine, room, pc, master)
          await tellNewcomer(machine, master, pc)
          await tellDoor(machine, pc, doorOf(room, readMembers(dir)))
          await joinCluster(machine, room, pc, master)
          await untilKnown(run, pc)
        } catch (error) {
          await scrap(machine, name)
          pinAddresses(machine, room, pcs)
          throw error
        }
        await note([...pcs, pc])
      }),
    blank: (name) =>
      alone(async () => {
        const pc = pcCalled(readMembers(dir).pcs, name)
        const image = await loadBlank(machine)
        mkdirSync(join(machine.share, STICK), { recursive: true })
        await replaceSystem(machine, room, pc, { image, more: OF_A_SITE })
      }),
    renew: (name) =>
      alone(async () => {
        const { pcs } = readMembers(dir)
        const pc = pcCalled(pcs, name)
        const master = await masterThatIsOn(machine, without(pcs, name))
        await replaceSystem(machine, room, pc, { image: await imageOf(machine, master) })
        await tellNewcomer(machine, master, pc)
        await tellDoor(machine, pc, doorOf(room, readMembers(dir)))
        await forgetNode(run, name)
        await joinCluster(machine, room, pc, master)
        await untilKnown(run, pc)
        await note(pcs)
      }),
    remove: (name) =>
      alone(async () => {
        const { pcs } = readMembers(dir)
        const seen = seenPcs(await nodes())
        const refusal = refuseLeaving(
          pcs.map((pc) => ({ ...pc, role: seen.get(pc.name)?.role ?? pc.role })),
          name,
        )
        if (refusal) throw new Error(refusal)
        // Its kubelet first: it would make its Node anew.
        await scrap(machine, name)
        await forgetNode(run, name)
        await note(without(pcs, name))
      }),
  }
}

/** By what is on its disk: a master may be one that was crowned since the room was made. */
async function masterThatIsOn(machine: Machine, pcs: readonly Pc[]): Promise<Pc> {
  for (const pc of pcs) {
    const asked = await machine.exec(['podman', 'exec', pc.name, 'test', '-e', '/etc/kubernetes/admin.conf'])
    if (asked.code === 0) return pc
  }
  throw new Error('no master is on, so nobody lets a PC in')
}

async function forgetNode(run: Cluster['run'], name: string): Promise<void> {
  const { code, stderr } = await run(['delete', 'node', name, '--ignore-not-found', '--wait=false'])
  if (code !== 0) throw new Error(`the Node of ${name} cannot be deleted: ${stderr.trim()}`)
}

const without = (pcs: readonly Pc[], name: string): Pc[] => pcs.filter((pc) => pc.name !== name)

/** Starts the container of a PC, of the image that another one has, on an empty disk. */
async function boot(machine: Machine, room: string, pc: Pc, like: Pc): Promise<void> {
  const image = await imageOf(machine, like)
  await start(machine, room, pc, { image, disk: await newDisk(machine, room) })
}

async function joinCluster(machine: Machine, room: string, pc: Pc, master: Pc): Promise<void> {
  const asking = ['kubeadm', 'token', 'create', '--ttl', '10m', '--print-join-command']
  const invitation = readInvitation(await machine.must(['podman', 'exec', master.name, ...asking]))
  const config = '/kind/kubeadm.conf'
  // By stdin, so that no list of processes shows the token.
  const writing = ['podman', 'exec', '-i', pc.name, 'sh', '-c', `umask 077 && cat >${config}`]
  await machine.must(writing, { input: joinConfiguration(room, pc, invitation) })
  await machine.must(['podman', 'exec', pc.name, 'kubeadm', 'join', '--config', config])
}

/** Until the cluster has given it a range of addresses for its pods. */
async function untilKnown(run: Cluster['run'], pc: Pc): Promise<void> {
  const asking = ['get', 'node', pc.name, '-o', 'jsonpath={.spec.podCIDR}']
  const known = async (): Promise<boolean> => (await run(asking)).stdout !== ''
  const outcome = await until(`the Node of ${pc.name}`, 30_000, known, () => true)
  if (!outcome.ready) throw new Error(outcome.reason)
}
