import type { Mounted, Observed, Wanted } from './facts.ts'

/** What is to be done, in this order. */
export interface Decision {
  /** Dead mounts, to be taken off even while used: nothing behind them answers. */
  readonly detach: readonly Mounted[]
  readonly mount: readonly Wanted[]
  /** What is shown from another mount than new homes are, to be shown anew unless the kernel says that it is busy. */
  readonly move: readonly Wanted[]
  /** Mounts that no pod of this PC needs, to be taken off unless the kernel says that they are busy. */
  readonly release: readonly Mounted[]
}

/**
 * Compares what pods of this PC need with what is mounted. Pure. While a pod uses a mount that answers, it stays; but
 * a person is wanted only once their home is ready, and so once every claim of a former person with the same login is
 * gone. What still shows the former person's home then is taken off first, and the new home mounted by the next look.
 */
export function decide({ wanted, used, mounted, storage }: Observed): Decision {
  const wantedAt = new Map(wanted.map((one) => [one.parent, one]))
  const isDead = ({ id, waits }: Mounted): boolean => id === undefined && !waits
  const alive = mounted.filter((one) => one.id !== undefined)
  const taken = new Set(mounted.filter((one) => !isDead(one)).map((one) => one.parent))
  const isOther = ({ parent, name, id }: Mounted): boolean => {
    const due = wantedAt.get(parent)
    return due?.id !== undefined && (due.id !== id || due.name !== name)
  }
  const isBare = ({ parent }: Pick<Mounted, 'parent'>): boolean => wantedAt.get(parent)?.bare === true
  const moved = alive.flatMap((one) => {
    const due = wantedAt.get(one.parent)
    return due?.always && due.id !== undefined && (one.old || isOther(one)) ? [due] : []
  })
  return {
    // Without storage there is nothing to put in its place.
    detach: mounted.filter((one) => isDead(one) && (storage || isBare(one))),
    mount: wanted.filter((one) => one.id !== undefined && !taken.has(one.parent) && (storage || one.bare)),
    move: moved,
    // What is always shown is shown anew in its place: pods hold the directory above it.
    release: alive.filter(
      (one) => (storage && isOther(one) && !wantedAt.get(one.parent)?.always) || !used.has(one.parent),
    ),
  }
}
