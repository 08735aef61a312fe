import type { Amount } from '../../cluster/storage-usage.ts'
import { UUID_PATTERN } from '../../config/home-marker.ts'
import { LAYOUT } from '../layout.ts'
import type { Entry } from './entry.ts'

/** What a walk over a storage directory came to. */
export interface Usage {
  /** By entryUUID. */
  readonly homes: ReadonlyMap<string, Amount>
  readonly shared: Amount
  readonly trash: Amount
  readonly other: Amount
}

export interface Tally {
  add(entry: Entry): void
  usage(): Usage
}

type Sum = { bytes: number; files: number }
const none = (): Sum => ({ bytes: 0, files: 0 })

/**
 * Adds up what lies in a storage directory, in as much memory as there are homes: of a file with several names, each name
 * counts its part of it, so that all of them together count it once, and none need be remembered.
 *
 * @param beside names of each file that the walk does not meet: on a brick, Gluster's own
 */
export function newTally(beside: number): Tally {
  const homes = new Map<string, Sum>()
  const [shared, trash, other] = [none(), none(), none()]
  const placeOf = (path: Buffer): Sum => {
    const first = path.indexOf('/')
    const top = first < 0 ? '' : path.toString('latin1', 0, first)
    if (top === LAYOUT.shared) return shared
    if (top === LAYOUT.trash) return trash
    if (top !== LAYOUT.homes) return other
    const second = path.indexOf('/', first + 1)
    const uuid = second < 0 ? '' : path.toString('latin1', first + 1, second)
    if (!UUID_PATTERN.test(uuid)) return other
    const known = homes.get(uuid) ?? none()
    homes.set(uuid, known)
    return known
  }
  return {
    add(entry) {
      if (isPointer(entry, beside)) return
      // Only files have several names; Gluster has a name of its own for links and the like as well.
      const names = Math.max(1, entry.links - beside)
      const sum = placeOf(entry.path)
      sum.bytes += entry.taken / names
      sum.files += 1 / names
    },
    usage: () => ({
      homes: new Map([...homes].map(([uuid, sum]) => [uuid, rounded(sum)])),
      shared: rounded(shared),
      trash: rounded(trash),
      other: rounded(other),
    }),
  }
}

const rounded = ({ bytes, files }: Sum): Amount => ({ bytes: Math.round(bytes), files: Math.round(files) })

/** What a set has of a file that lies in another one: a name without contents, with the mode that Gluster gives to nothing else. */
export const isPointer = ({ type, size, mode }: Entry, beside: number): boolean =>
  beside > 0 && type === 'f' && size === 0 && mode === '1000'
