/** One object of the cluster that is changed by compare and swap. */
export interface Swap<T> {
  /** The object as it stands; undefined where there is none. */
  read(): Promise<T | undefined>
  /** The object as it shall be; undefined where nothing is to be done. */
  change(live: T | undefined): T | undefined | Promise<T | undefined>
  /** Writes over exactly the state that was read; undefined when somebody else was faster. */
  write(next: T, live: T | undefined): Promise<T | undefined>
}

/** What came of it: the object as it stands now, or that it changed `turns` times faster than it could be written. */
export type Swapped<T> =
  | { readonly state: 'written' | 'unchanged'; readonly object: T | undefined }
  | { readonly state: 'contended' }

/** Reads, changes and writes until nobody else was in between; so many turns at most, for more is a fight. */
export async function swap<T>({ read, change, write }: Swap<T>, turns = 8): Promise<Swapped<T>> {
  for (let turn = 0; turn < turns; turn++) {
    const live = await read()
    const next = await change(live)
    if (next === undefined) return { state: 'unchanged', object: live }
    const written = await write(next, live)
    if (written !== undefined) return { state: 'written', object: written }
  }
  return { state: 'contended' }
}
