import { setTimeout as sleep } from 'node:timers/promises'
import { open, type Room } from '../../../lab/room/room.ts'

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

/** Asks until the answer is `wanted`; resolves with the seconds that it took, to be told, never judged. */
export async function becomes(ask: () => Promise<string>, wanted: string, patience = 180): Promise<number> {
  const began = performance.now()
  let last = ''
  const passed = (): number => (performance.now() - began) / 1000
  while (passed() < patience) {
    last = await ask()
    if (last === wanted) return passed()
    await sleep(250)
  }
  throw new Error(`it is "${last}" after ${patience} s, not "${wanted}"`)
}
