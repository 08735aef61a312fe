/**
 * How far a server of the directory has come: for each server that ever gave stamps (`entryCSN`), by its number, the
 * newest of its stamps that is here. Stamps of one number sort as text.
 */
export type Stamps = ReadonlyMap<string, string>

/** The year of the seed's stamps, which every server lays down for itself: whoever has no newer one has nobody. */
const SEEDED = '2020'

const STAMP = /^\d{14}\.\d{6}Z#[0-9a-f]{6}#([0-9a-f]{3})#[0-9a-f]{6}$/

/** As slapd has them in `contextCSN` of the directory's root. */
export function stampsOf(values: readonly string[]): Stamps {
  return new Map(
    values.flatMap((value) => {
      const number = STAMP.exec(value)?.[1]
      return number === undefined ? [] : [[number, value] as const]
    }),
  )
}

/** Whether nothing that is there is missing here. */
export const hasAll = (here: Stamps, there: Stamps): boolean =>
  [...there].every(([number, stamp]) => (here.get(number) ?? '') >= stamp)

/** Whether nothing was ever written there but the seed. */
export const isEmpty = (stamps: Stamps): boolean =>
  [...stamps.values()].every((stamp) => stamp.startsWith(SEEDED))
