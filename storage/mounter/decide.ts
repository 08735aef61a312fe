import type { Mounted, Observed, Wanted } from './observe.ts'

/** What is to be done, in this order. */
export interface Decision {
  /** Dead mounts, to be taken off even while used: nothing behind them answers. */
  readonly detach: readonly Mounted[]
  readonly mount: readonly Wanted[]
  /** Mounts that no pod of this PC needs, to be taken off unless the kernel says that they are busy. */
  readonly release: readonly Mounted[]
}

const key = ({ parent, name }: { readonly parent: string; readonly name: string }) => `${parent}/${name}`

/**
 * Compares what pods of this PC need with what is mounted. Pure. A mount that answers is never changed under a pod,
 * not even for a person who has the same login anew: that pod is still the former person's.
 */
export function decide({ wanted, used, mounted, storage }: Observed): Decision {
  const alive = new Set(mounted.filter((one) => one.answers).map(({ parent }) => parent))
  const dead = mounted.filter((one) => !one.answers)
  return {
    // Without storage there is nothing to put in its place.
    detach: storage ? dead : [],
    mount: storage ? wanted.filter((one) => !alive.has(one.parent)) : [],
    release: mounted.filter(
      (one) => one.answers && !used.has(one.parent) && !wanted.some((two) => key(two) === key(one)),
    ),
  }
}
