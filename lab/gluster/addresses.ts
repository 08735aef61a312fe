import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { refuseName } from '../run/places.ts'

/** Who is in the room and where, as the names that everybody in it looks up. */
const Addresses = z.object({
  /** Of the next one that comes in, or moves. */
  next: z.int(),
  byName: z.record(z.string(), z.string()),
})
type Addresses = z.infer<typeof Addresses>

const file = (room: string): string => join(room, 'addresses.json')
/** One file for all, since each PC has it as its /etc/hosts. */
export const hostsFile = (room: string): string => join(room, 'hosts')

function read(room: string): Addresses {
  if (!existsSync(file(room))) return { next: 1, byName: {} }
  return Addresses.parse(JSON.parse(readFileSync(file(room), 'utf8')))
}

/** The names of all that ever came in, in that order. */
export const namesIn = (room: string): string[] => Object.keys(read(room).byName)

/** The address of a name; a name without one gets the next. */
export function addressOf(room: string, name: string): string {
  const refusal = refuseName(name)
  if (refusal) throw new Error(refusal)
  return read(room).byName[name] ?? moveAddress(room, name)
}

/** Gives a name another address, which nobody had before. */
export function moveAddress(room: string, name: string): string {
  const { next, byName } = read(room)
  const address = `10.98.${Math.floor(next / 250)}.${(next % 250) + 1}`
  const after = { next: next + 1, byName: { ...byName, [name]: address } }
  writeFileSync(file(room), JSON.stringify(after))
  const lines = Object.entries(after.byName).map(([one, where]) => `${where} ${one}\n`)
  writeInPlace(hostsFile(room), `127.0.0.1 localhost\n${lines.join('')}`)
  return address
}

/** The same file stays, since it is mounted; and it is never empty, since somebody may be looking. */
function writeInPlace(path: string, text: string): void {
  const handle = openSync(path, existsSync(path) ? 'r+' : 'w')
  try {
    ftruncateSync(handle, writeSync(handle, text, 0))
  } finally {
    closeSync(handle)
  }
}
