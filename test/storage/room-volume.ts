import { z } from 'zod'
import { GLUSTER } from '../../config/names.ts'
import type { Room } from '../../lab/room/room.ts'
import { deskfleet, must } from '../delivery/person.ts'
import { inDesktops, runningPod } from '../door/desktop-pod.ts'
import { becomes } from '../harness/wait.ts'

/** The volume under a room's homes, as an administrator and as the disks see it. */

const Status = z.object({
  copies: z.string(),
  healthy: z.string(),
  bricks: z.array(z.object({ pc: z.string(), state: z.string(), pending: z.number().optional() })),
})
const status = async (room: Room) =>
  Status.parse(JSON.parse(await deskfleet(room, 'storage', 'status', '-o', 'json')))

/** Waits until none of three copies is behind, the other PCs are spares, and nothing is wrong; resolves with the seconds. */
export const volumeIsWhole = (room: Room): Promise<number> =>
  becomes(
    'the volume',
    async () => {
      const { copies, healthy, bricks } = await status(room)
      const of = (wanted: string) =>
        bricks.filter(({ state, pending }) => state === wanted && (pending ?? 0) === 0).length
      return `${copies} copies, ${of('here')} here, ${of('spare')} spare, healthy: ${healthy}`
    },
    `3 of 3 copies, 3 here, ${room.pcs.length - 3} spare, healthy: True`,
    { seconds: 300, every: 1_000 },
  )

/** PCs whose disk waits for the place of another one: what happens to them is nothing to any home. */
export const sparePcs = async (room: Room): Promise<string[]> =>
  (await status(room)).bricks.filter(({ state }) => state === 'spare').map(({ pc }) => pc)

/** Writes a text below a person's home, and resolves when it has been given to the disks. */
export async function writeHome(room: Room, login: string, name: string, text: string): Promise<void> {
  const pod = await runningPod(room, login)
  const line = `cat >~/${name} && sync -f ~/${name}`
  await must(room, ['exec', '-i', pod.name, ...inDesktops, '--', 'sh', '-c', line], text)
}

/** SHA-256 of a file below homes, as each disk of the volume has it. */
export async function onBricks(room: Room, name: string): Promise<string[]> {
  const look = `find ${GLUSTER.brick}/data/homes -path '*/${name}' -type f -exec sha256sum {} +`
  const holders = (await status(room)).bricks.filter(({ state }) => state === 'here')
  const digest = async (pc: string): Promise<string> =>
    (await room.machine.must(['podman', 'exec', pc, 'sh', '-euc', look])).split(' ')[0] ?? ''
  return Promise.all(holders.map(({ pc }) => digest(pc)))
}
