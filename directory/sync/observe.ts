import { givingWay } from '../../service/steps.ts'
import type { Directory } from '../directory.ts'
import { mustBeWhole } from '../restoring.ts'
import type { Roll } from '../roll.ts'
import { type Census, rollInSteps, takeCensus, updateCensus } from './census.ts'
import type { Digest, Observed, Published } from './facts.ts'
import type { Suspicion } from './guard.ts'
import type { Store } from './store.ts'

/** What is remembered from pass to pass, for one term of leading. */
export interface Memory {
  census?: Census
  published?: ReadonlyMap<string, Published>
  digest?: Digest | undefined
  suspicion?: Suspicion | undefined
  /** When the last complete pass began, and how long it took, in ms. */
  fullAt?: number
  fullTook?: number
  /** When it was last told that all is read and published, in ms. */
  toldAt?: number
}

/** `unchanged`: neither directory nor digest have anything new, and what is published is known. */
export type Seen =
  | { readonly state: 'unchanged'; readonly census: Census }
  | { readonly state: 'seen'; readonly census: Census; readonly roll: Roll; readonly observed: Observed }

/**
 * Reads the directory, whole when `full` ms have passed since the last whole reading and else by what changed, and the
 * cluster where it is not known any more.
 */
export async function observe(
  { directory, store }: { readonly directory: Directory; readonly store: Store },
  memory: Memory,
  now: number,
  full: number,
): Promise<Seen> {
  const known = memory.census
  const complete = !known || memory.fullAt === undefined || now - memory.fullAt >= full
  // Before, for one that ends while this reads, and after, for one that begins.
  await mustBeWhole(directory)
  const { census, news } = complete
    ? { census: await takeCensus(directory, known), news: true }
    : await updateCensus(directory, known)
  await mustBeWhole(directory)
  const published = complete ? undefined : memory.published
  const digest = await store.readDigest(memory.digest)
  if (published && !news && digest?.version === memory.digest?.version) return { state: 'unchanged', census }
  const roll = await givingWay(rollInSteps(census))
  const observed = { people: roll.people, complete, published: published ?? (await store.list()), digest }
  return { state: 'seen', census, roll, observed }
}
