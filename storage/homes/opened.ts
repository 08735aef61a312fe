import { join } from 'node:path'
import { isThere } from '../is-there.ts'
import { LAYOUT } from '../layout.ts'
import type { PlaceRecords } from '../places/cluster.ts'
import { problem } from '../problem.ts'
import { besideEachOther, type Places } from './beside.ts'
import { type OpenStorage, openStorage } from './disk.ts'
import type { Disk } from './facts.ts'

/** Storage as it was opened: one, or two between which homes are moved. */
export interface Opened {
  readonly storage: OpenStorage
  /** Undefined where there is one. */
  readonly both:
    | { readonly from: OpenStorage; readonly here: OpenStorage; readonly places: Places }
    | undefined
}

export interface Given {
  readonly root: string
  readonly volume?: boolean | undefined
  readonly from?: { readonly root: string; readonly records: PlaceRecords } | undefined
}

/** @throws with the code of the file system when there is no such directory. */
export async function openAll({ root, volume, from }: Given): Promise<Opened> {
  const here = await openStorage(root, volume)
  if (from === undefined || (await has(from.root, LAYOUT.left))) {
    return { storage: from === undefined ? alone(here, root) : here, both: undefined }
  }
  try {
    // The wish before the records: whoever is made by an older wish is moved by the newer one.
    const wish = await from.records.wish()
    const of = new Map((await from.records.all()).map((place) => [place.name, place]))
    const places = { wish, of }
    const source = await openStorage(from.root)
    return {
      storage: besideEachOther({ from: source, here }, places),
      both: { from: source, here, places },
    }
  } catch (error) {
    await here.close()
    throw error
  }
}

/** A storage that is used by itself: not while homes of it lie on another one, and not when they have left it. */
const alone = (storage: OpenStorage, root: string): OpenStorage => ({
  ...storage,
  async look(): Promise<Disk> {
    if (await has(root, LAYOUT.unfinished)) return UNFINISHED
    if (await has(root, LAYOUT.left)) return LEFT
    return await storage.look()
  },
})

const UNFINISHED: Disk = {
  state: 'failed',
  problem: problem(
    'MoveUnfinished',
    'homes are being moved between this storage and another one',
    'put storage.from back into cluster.yaml, then "npx deskfleet storage move" goes on or, with --back, goes back',
  ),
}

const LEFT: Disk = {
  state: 'failed',
  problem: problem(
    'MoveUnfinished',
    'all homes have left this storage for another one',
    'correct storage in cluster.yaml; what is kept in moved/ is as it was when each home left',
  ),
}

const has = (root: string, name: string): Promise<boolean> => isThere(join(root, name))
