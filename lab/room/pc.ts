import { setTimeout as sleep } from 'node:timers/promises'
import type { Machine } from '../machine/machine.ts'
import { plugIn, unplug } from './firmware.ts'
import { pcCalled } from './newcomer.ts'
import type { Pc } from './plan.ts'
import { routeToPods } from './pod-routes.ts'

/** What can happen to a PC. Each resolves when it has happened, not when the cluster has noticed. */
export interface PcPower {
  /** Power loss: every process on it ends at once, nothing is said to anybody. Its disk stays. */
  off(name: string): Promise<void>
  /** Boots it from the same disk, with the same address. */
  on(name: string): Promise<void>
  /** Shuts it down in order, for at most 20 s, and boots it. */
  reboot(name: string): Promise<void>
  /** Takes the network from it: it runs on, and reaches nobody. Lasts until `mend` or the next boot. */
  cut(name: string): Promise<void>
  /** Takes the API servers alone from it, as a firewall does; the other PCs' disks it reaches. Until `mend` or a boot. */
  cutFromApi(name: string): Promise<void>
  mend(name: string): Promise<void>
  isOn(name: string): Promise<boolean>
}

export const PC_ACTIONS = ['off', 'on', 'reboot', 'cut', 'mend', 'add', 'remove', 'blank', 'renew'] as const
export type PcAction = (typeof PC_ACTIONS)[number]

/**
 * @param pcsNow the PCs that the room has when it is asked
 * @throws when the room has no PC of that name; the message lists those it has.
 */
export function pcPower(machine: Machine, pcsNow: () => readonly Pc[]): PcPower {
  const known = (name: string): string => pcCalled(pcsNow(), name).name
  const podman = (...args: string[]): Promise<string> => machine.must(['podman', ...args])
  const isOn = async (name: string): Promise<boolean> =>
    (await podman('inspect', '--format', '{{.State.Running}}', known(name))).trim() === 'true'
  const off = async (name: string): Promise<void> => {
    // First, so that it stays off if it is restarting itself.
    unplug(machine, known(name))
    if (await isOn(name)) await podman('kill', '--signal', 'KILL', name)
    await podman('wait', name)
  }
  const on = async (name: string): Promise<void> => {
    plugIn(machine, known(name))
    if (await isOn(name)) return
    await podman('start', name)
    await routeToPods(machine)
  }
  return {
    isOn,
    off,
    on,
    async reboot(name) {
      // systemd's own signal for an orderly end.
      await podman('kill', '--signal', '37', known(name))
      for (let waited = 0; waited < 20_000 && (await isOn(name)); waited += 500) await sleep(500)
      await off(name)
      await on(name)
    },
    cut: async (name) => setLink(machine, await linkOf(machine, known(name)), 'down'),
    cutFromApi: async (name) => void (await podman('exec', known(name), 'nft', CUT_FROM_API)),
    async mend(name) {
      await setLink(machine, await linkOf(machine, known(name)), 'up')
      await podman('exec', name, 'nft', UNCUT)
    },
  }
}

/** What the PC and its pods send to an API server is dropped, wherever a Service has led it (`dstnat` is before this). */
const CUT_FROM_API = `table inet room-cut {
  chain output { type filter hook output priority filter; tcp dport 6443 drop; }
  chain forward { type filter hook forward priority filter; tcp dport 6443 drop; }
}`
/** Begins with adding it, since deleting what is not there is an error. */
const UNCUT = 'add table inet room-cut; delete table inet room-cut'

/** The room's end of a PC's cable: the interface whose index the PC's own end names. */
async function linkOf(machine: Machine, name: string): Promise<string> {
  const index = (await machine.must(['podman', 'exec', name, 'cat', '/sys/class/net/eth0/iflink'])).trim()
  const links = await machine.must(['ip', '-o', 'link', 'show', 'type', 'veth'])
  const link = new RegExp(`^${index}: ([^@:]+)`, 'm').exec(links)?.[1]
  if (!link) throw new Error(`no cable leads to ${name}: is it on?`)
  return link
}

async function setLink(machine: Machine, link: string, state: 'up' | 'down'): Promise<void> {
  await machine.must(['ip', 'link', 'set', 'dev', link, state])
}
