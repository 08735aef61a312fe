import { network } from './address.ts'

/** How many connections there may be at once. */
export interface CrowdLimits {
  /** Of everybody together. */
  readonly most: number
  /** Of strangers from one address (an IPv6 network counts as one): connections that nobody is known by yet. */
  readonly perAddress: number
  /** Of one who is known, which no address counts any more; those above stay strangers. */
  readonly perKnown: number
}

/** Who is connected, and who must leave when there are too many. It decides, and ends nothing itself. */
export interface Crowd {
  /**
   * Counts a connection. Returns the one that must leave for it: of an address that has too many strangers its oldest,
   * and when everything is full the oldest of the address that has the most. An address with few is so always served.
   */
  enter(id: string, address: string): string | undefined
  /** This connection carries somebody who is known. */
  know(id: string, who: string): boolean
  leave(id: string): void
  size(): number
}

export function newCrowd({ most, perAddress, perKnown }: CrowdLimits): Crowd {
  /** By connection: the address of a stranger, or who is known. */
  const places = new Map<string, { readonly list: Map<string, Set<string>>; readonly key: string }>()
  const strangers = new Map<string, Set<string>>()
  const known = new Map<string, Set<string>>()

  const put = (id: string, list: Map<string, Set<string>>, key: string): Set<string> => {
    const among = list.get(key) ?? new Set()
    among.add(id)
    list.set(key, among)
    places.set(id, { list, key })
    return among
  }
  const leave = (id: string): void => {
    const place = places.get(id)
    places.delete(id)
    const among = place?.list.get(place.key)
    among?.delete(id)
    if (place && among?.size === 0) place.list.delete(place.key)
  }
  const oldestOf = (among: ReadonlySet<string> | undefined): string | undefined =>
    among?.values().next().value

  return {
    enter(id, address) {
      const among = put(id, strangers, network(address))
      const leaves =
        among.size > perAddress
          ? oldestOf(among)
          : places.size > most
            ? oldestOf(largest(strangers))
            : undefined
      if (leaves !== undefined) leave(leaves)
      return leaves
    },
    know(id, who) {
      const place = places.get(id)
      if (!place) return false
      if (place.list === known && place.key === who) return true
      if ((known.get(who)?.size ?? 0) >= perKnown) return false
      leave(id)
      put(id, known, who)
      return true
    },
    leave,
    size: () => places.size,
  }
}

function largest(lists: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> | undefined {
  let most: ReadonlySet<string> | undefined
  for (const list of lists.values()) if (list.size > (most?.size ?? 0)) most = list
  return most
}
