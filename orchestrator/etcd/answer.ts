/** What came of one call of etcd. A member that does not answer is nothing unexpected, so it is a value. */
export type Answer<T> =
  | { readonly is: 'done'; readonly value: T }
  /** etcd says no, and nothing was changed. */
  | { readonly is: 'refused'; readonly why: string }
  /** No answer in time, or none that can be read: it may have been done, or be done yet. */
  | { readonly is: 'lost'; readonly why: string }

/** The one half of an answer that is no success. */
export type NotDone = Exclude<Answer<unknown>, { is: 'done' }>

export const done = <T>(value: T): Answer<T> => ({ is: 'done', value })

/**
 * gRPC's codes by which nothing was done. By all others it may have been: a proposal that timed out (4, 14) can still
 * be committed once there is a leader again.
 */
const REFUSALS: ReadonlySet<number> = new Set([
  3, // invalid argument
  5, // not found
  6, // already exists
  7, // permission denied
  8, // resource exhausted: the database is full
  9, // failed precondition
  11, // out of range: compacted, or of the future
  12, // unimplemented
  16, // unauthenticated
])

export const notDone = (where: string, code: number | undefined, message: string): NotDone => ({
  is: code !== undefined && REFUSALS.has(code) ? 'refused' : 'lost',
  why: `${where}: ${message}`,
})

/** The first answer that is a success; else the last one. Nobody is asked after it. */
export async function firstDone<T>(
  endpoints: readonly string[],
  ask: (endpoint: string) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  let answer: Answer<T> = { is: 'lost', why: 'no member of etcd is known' }
  for (const endpoint of endpoints) {
    answer = await ask(endpoint)
    if (answer.is === 'done') return answer
  }
  return answer
}
