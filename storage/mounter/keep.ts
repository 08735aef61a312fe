import { SHARED_CLAIM } from '../../config/names.ts'
import type { Clock } from '../../lease/clock.ts'
import { LAYOUT } from '../layout.ts'
import type { MounterCluster } from './cluster.ts'
import { decide } from './decide.ts'
import type { Mounts } from './mounts.ts'
import type { Wanted } from './observe.ts'

export interface Work {
  readonly mounts: Mounts
  readonly cluster: MounterCluster
  readonly clock: Clock
  readonly listener: Listener
  /** Milliseconds to the next look when nothing happens, and while something is awaited. */
  readonly rhythm?: { readonly idle: number; readonly soon: number }
}

export interface Listener {
  passed(pass: { readonly storage: boolean; readonly mounted: number; readonly awaited: number }): void
  failed(error: unknown): void
}

const RHYTHM = { idle: 10_000, soon: 500 }

/** Keeps on this PC the mounts that its pods need, until the signal aborts. Mounts stay when it ends. */
export async function keepMounts(work: Work, signal: AbortSignal): Promise<void> {
  const { clock, cluster, listener, rhythm = RHYTHM } = work
  let wake = new AbortController()
  const watching = (async () => {
    while (!signal.aborted) {
      await cluster.watch(() => wake.abort(), signal)
      await clock.sleep(1_000, signal)
    }
  })()
  const stop = (): void => wake.abort()
  signal.addEventListener('abort', stop, { once: true })
  while (!signal.aborted) {
    // Made anew before the look, so that what happens during it wakes the next.
    wake = new AbortController()
    const awaited = await pass(work).catch((error) => {
      listener.failed(error)
      return 1
    })
    if (!signal.aborted) await clock.sleep(awaited > 0 ? rhythm.soon : rhythm.idle, wake.signal)
  }
  await watching
}

async function pass({ mounts, cluster, listener }: Work): Promise<number> {
  const slugs = [...(await cluster.used())]
  const people = await Promise.all(slugs.map((slug) => cluster.ready(slug)))
  const named = people.flatMap((person, index) =>
    person
      ? [{ parent: `u/${slugs[index]}`, name: person.login, source: `${LAYOUT.homes}/${person.entryUUID}` }]
      : [],
  )
  const shared = { parent: SHARED_CLAIM, name: SHARED_CLAIM, source: LAYOUT.shared }
  const wanted = await Promise.all(
    [...named, shared].map(
      async (one): Promise<Wanted> => ({ ...one, id: await mounts.identify(one.source) }),
    ),
  )
  const observed = {
    wanted,
    used: new Set([...slugs.map((slug) => `u/${slug}`), SHARED_CLAIM]),
    mounted: await mounts.list(),
    storage: await mounts.storage(),
  }
  const { detach, mount, release } = decide(observed)
  let failures = 0
  const attempt = async (work: Promise<void>): Promise<void> => {
    await work.catch((error) => {
      failures++
      listener.failed(error)
    })
  }
  for (const one of detach) await attempt(mounts.detach(one))
  for (const one of mount) await attempt(mounts.mount(one))
  // Busy is no failure: some program still holds it, and the next look tries again.
  for (const one of release) await mounts.release(one).catch(() => {})
  const unsettled = release.filter((one) => wanted.some(({ parent }) => parent === one.parent)).length
  const absent = wanted.filter(({ id, parent }) => id === undefined && parent !== SHARED_CLAIM).length
  const awaited = slugs.length - named.length + absent + unsettled + failures
  listener.passed({ storage: observed.storage, mounted: observed.mounted.length + mount.length, awaited })
  return observed.storage ? awaited : 1
}
