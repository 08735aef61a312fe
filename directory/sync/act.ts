import { failureOf } from '../../cluster/answer.ts'
import { IDENTITIES_CONFIG_MAP } from '../../config/names.ts'
import type { Clock } from '../../service/clock.ts'
import { atOnce } from '../../service/turns.ts'
import type { Decision } from './decide.ts'
import type { Digest, Observed, Published } from './facts.ts'
import type { Store } from './store.ts'

/** What stands in the cluster after acting, and what did not work. */
export interface Acted {
  readonly published: ReadonlyMap<string, Published>
  readonly digest: Digest | undefined
  /** Each names its person. The next pass finds the same difference again and tries again. */
  readonly failures: readonly Error[]
}

/** Requests under way at once: enough to hide the way to the API server, few enough to leave it to others. */
const AT_ONCE = 16

/**
 * Carries a decision out. Stops between two requests when the signal aborts, since another may lead then. A person
 * whose Identity could not be written gets no new line either; a digest that could not be written removes nobody.
 */
export async function act(
  decision: Decision,
  observed: Observed,
  store: Store,
  clock: Clock,
  signal: AbortSignal,
): Promise<Acted> {
  const published = new Map(observed.published)
  const failures: Error[] = []
  const failed = new Set<string>()
  const each = async <T>(
    items: readonly T[],
    name: (item: T) => string,
    work: (item: T) => Promise<void>,
  ) => {
    await atOnce(items, AT_ONCE, signal, async (item) => {
      try {
        await work(item)
      } catch (error) {
        failed.add(name(item))
        failures.push(failureOf(name(item), error))
      }
    })
  }
  const bySlug = (one: { readonly slug: string }): string => one.slug

  await each(decision.upserts, bySlug, async (person) => {
    published.set(person.slug, await store.upsert(person))
  })
  let digest = observed.digest
  if (decision.lines && !signal.aborted) {
    const lines = withoutFailed(decision.lines, failed, observed.digest?.lines ?? {})
    try {
      digest = await store.writeDigest(lines, observed.digest?.version)
    } catch (error) {
      failures.push(failureOf(IDENTITIES_CONFIG_MAP, error))
      return { published, digest, failures }
    }
  }
  await each(decision.removals, bySlug, async (one) => {
    await store.remove(one)
    published.delete(one.slug)
  })
  const sure = decision.confirmations
    .filter((slug) => !failed.has(slug))
    .flatMap((slug) => published.get(slug) ?? [])
  await each(sure, bySlug, async (one) => {
    published.set(one.slug, await store.confirm(one, clock.wall()))
  })
  return { published, digest, failures }
}

/** Those whose Identity could not be written keep the line they had. */
function withoutFailed(
  lines: Readonly<Record<string, string>>,
  failed: ReadonlySet<string>,
  before: Readonly<Record<string, string>>,
): Record<string, string> {
  const result = { ...lines }
  for (const slug of failed) {
    delete result[slug]
    const old = before[slug]
    if (old !== undefined) result[slug] = old
  }
  return result
}
