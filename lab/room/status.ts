import type { BlankRoom } from './blank-room.ts'
import type { Room } from './room.ts'

/** What `room status` shows: a line for each PC. */

export async function statusOfRoom(room: Room): Promise<string> {
  const [seen, etcd] = await Promise.all([room.seen(), room.etcd()])
  const lines = await Promise.all(
    room.pcs.map(async ({ name, role, address }) => {
      const power = (await room.pc.isOn(name)) ? 'on' : 'off'
      const { role: now = role, state = 'unknown' } = seen.get(name) ?? {}
      return line(name, now, address, power, etcd.get(name) ?? '-', state)
    }),
  )
  return [line('PC', 'ROLE', 'ADDRESS', 'POWER', 'ETCD', 'CLUSTER SAYS'), ...lines].join('\n')
}

const line = (pc: string, role: string, address: string, power: string, etcd: string, state: string) =>
  [pc.padEnd(26), role.padEnd(8), address.padEnd(12), power.padEnd(6), etcd.padEnd(8), state].join(' ')

/** Nobody but the PCs knows what became of them: what was installed there is no cluster of the lab's. */
export async function statusOfBlank(room: BlankRoom): Promise<string> {
  const lines = await Promise.all(
    room.pcs.map(async ({ name, address }) => {
      const system = await room.system(name)
      return blankLine(name, address, system === 'off' ? 'off' : 'on', system === 'off' ? '-' : system)
    }),
  )
  return [blankLine('PC', 'ADDRESS', 'POWER', 'SYSTEM'), ...lines].join('\n')
}

const blankLine = (pc: string, address: string, power: string, system: string): string =>
  [pc.padEnd(26), address.padEnd(12), power.padEnd(6), system].join(' ')
