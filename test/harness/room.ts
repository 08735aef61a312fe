import { open, type Room } from '../../lab/room/room.ts'
import { becomes } from './wait.ts'

/** The room that the test run made for all tests that need one. */
export async function sharedRoom(): Promise<Room> {
  const name = process.env.DESKFLEET_ROOM ?? 'room'
  const room = await open(name)
  if (room) return room
  throw new Error(
    `no room "${name}" runs: npm run lab -- room up --masters 3 --workers 2, then DESKFLEET_ROOM=${name}`,
  )
}

/** What the cluster says of a PC: `True` (ready), `False`, or `Unknown` (silent). */
export async function readiness(room: Room, pc: string): Promise<string> {
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
  return (await room.run(['get', 'node', pc, '-o', path, '--request-timeout=5s'])).stdout
}

/** Waits until the cluster says that of a PC; resolves with the seconds that it took. */
export const pcBecomes = (room: Room, pc: string, wanted: 'True' | 'False' | 'Unknown'): Promise<number> =>
  becomes(`the readiness of ${pc}`, () => readiness(room, pc), wanted)
