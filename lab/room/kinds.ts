import { join } from 'node:path'
import { runsFolder } from '../run/places.ts'
import { readRecord, runNames } from '../run/record.ts'

/** The kinds of runs that are rooms: their PCs take images from one place, and each holds settings of the machine. */
export const ROOM_KINDS = { cluster: 'room', blank: 'blank room' } as const

const KINDS: readonly string[] = Object.values(ROOM_KINDS)

const isRoom = (dir: string): boolean => KINDS.includes(readRecord(dir)?.kind ?? '')

/** The names of other rooms on this machine, in whatever state. */
export const otherRooms = (name: string): string[] =>
  runNames().filter((one) => one !== name && isRoom(join(runsFolder(), one)))
