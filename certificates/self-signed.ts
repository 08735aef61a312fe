import { issue, type Pair, YEAR } from './issue.ts'
import { leafExtensions } from './leaf.ts'

/** A server's certificate that only vouches for itself, for a caller who is given it: a year. */
export const selfSigned = (names: readonly [string, ...string[]], now: Date): Promise<Pair> =>
  issue({ name: names[0], life: YEAR, extensions: leafExtensions(names, 'serverAuth') }, now)
