/** Where lists lie: in the volume, in a folder of root's, each on another set than the one whose files it names. */

/** In the volume: root 0700. */
export const FOLDER = '.index'

/** The names of lists: `set-<set>.<time>.<number>.gz`, the time as `2026-11-27T02-00-00Z`. */
const NAME = /^set-([1-9]\d{0,3})\.(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)\.(\d{1,3})\.gz$/

export interface ListName {
  readonly name: string
  readonly set: number
  /** When it was begun, ms since 1970. */
  readonly at: number
}

const timeOf = (at: Date): string => `${at.toISOString().slice(0, 19).replaceAll(':', '-')}Z`

export const nameOf = (set: number, at: Date, number: number): string =>
  `set-${set}.${timeOf(at)}.${number}.gz`

export function readName(name: string): ListName | undefined {
  const [, set, time = ''] = NAME.exec(name) ?? []
  if (set === undefined) return undefined
  const [day = '', hour = ''] = time.split('T')
  const at = Date.parse(`${day}T${hour.replaceAll('-', ':')}`)
  return Number.isNaN(at) ? undefined : { name, set: Number(set), at }
}

/** The lists of a set, the newest first. */
export const listsOf = (names: readonly string[], set: number): ListName[] =>
  names
    .flatMap((name) => readName(name) ?? [])
    .filter((one) => one.set === set)
    .sort((a, b) => b.at - a.at || (a.name < b.name ? -1 : 1))

/**
 * The set (from 1) that a file lies on, of what Gluster says of it (`trusted.glusterfs.pathinfo`): the set that all the PCs
 * in it are of. Undefined where they are of none or of several, as while a file is being moved.
 */
export function setHolding(
  pathinfo: string,
  sets: readonly (readonly { readonly pc: string }[])[],
): number | undefined {
  const pcs = [...pathinfo.matchAll(/<POSIX\([^)]*\):([a-z0-9.-]+):/g)].map(([, pc]) => pc)
  const found = new Set(pcs.map((name) => sets.findIndex((bricks) => bricks.some(({ pc }) => pc === name))))
  const [at] = found
  return found.size !== 1 || at === undefined || at < 0 ? undefined : at + 1
}

/** On so many other sets a list is kept. */
export const copiesOf = (sets: number): number => Math.min(2, sets - 1)

/** Whether a place is one for a list of that set: on another one, and not beside a copy of it. */
export const isPlace = (on: number | undefined, set: number, taken: readonly number[]): on is number =>
  on !== undefined && on !== set && !taken.includes(on)

/** So many times a list is kept, the new one included. */
const KEPT = 2

/**
 * The lists that may go once a new one is whole. None may when it names much less than the one before: a set that came
 * back empty must not take the list of what was on it along.
 */
export function obsolete(
  names: readonly string[],
  set: number,
  files: number,
  before: number | undefined,
): string[] {
  if (before !== undefined && files < before / 2) return []
  const lists = listsOf(names, set)
  const times = [...new Set(lists.map(({ at }) => at))].slice(0, KEPT)
  return lists.filter(({ at }) => !times.includes(at)).map(({ name }) => name)
}
