import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Pair } from '../../certificates/issue.ts'
import { keepCertificate } from '../../certificates/keep.ts'
import { watchSecrets } from '../../certificates/news.ts'
import { readCaller } from '../../certificates/read.ts'
import { keptClient } from '../../cluster/client.ts'
import { AUTHORITY, NAMESPACES } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'

/** What the keeper made: a certificate to call with, and the authority that vouches for it (PEM). */
export interface Made extends Pair {
  readonly authority: string
}

/** By what bridges know this gateway. */
export interface Caller {
  /** What they are shown. */
  shown(): Pair
  /** PEM, one behind the other: what they are to check it by. */
  authorities(): string
}

/** What is shown and told now, and from when on the newest of it is all there is. Times in ms. */
export interface Overlap {
  readonly newest: Made
  /** Of the authority before; undefined where there is none that still counts. */
  readonly former: Made | undefined
  readonly since: number
}

/**
 * A pod sees a change of its Secret within about a minute and a half. So another authority is told at once, and shown
 * when all have heard of it; the former one is told for as long again, for the other replica, which may be behind.
 */
export const TOLD_BEFORE_SHOWN = 3 * 60_000
const LOOK = 60_000

/** After a look. A certificate of the same authority counts at once. */
export function overlap(before: Overlap, found: Made, now: number): Overlap {
  if (found.authority !== before.newest.authority) return { newest: found, former: before.newest, since: now }
  const isOver = now - before.since >= 2 * TOLD_BEFORE_SHOWN
  return { ...before, newest: found, former: isOver ? undefined : before.former }
}

export const shownIn = ({ newest, former, since }: Overlap, now: number): Pair =>
  former && now - since < TOLD_BEFORE_SHOWN ? former : newest

export const authoritiesIn = ({ newest, former }: Overlap): string =>
  [newest, ...(former ? [former] : [])].map(({ authority }) => `${authority.trim()}\n`).join('')

/** Waits until the keeper has made it, and follows what the keeper does. */
export async function keepCaller(
  { clock, log, signal, closing }: Pick<ServiceContext<unknown>, 'clock' | 'log' | 'signal' | 'closing'>,
  cluster: KubeConfig,
): Promise<Caller> {
  const api = keptClient(cluster, CoreV1Api)
  const place = { namespace: NAMESPACES.system, name: AUTHORITY.callerSecret }
  const news = watchSecrets(cluster, [place], log)
  closing.defer(news.stop)
  const hold = () => readCaller(api, place)
  // Every look counts: time alone ends an overlap.
  const kept = await keepCertificate(
    { hold, isSame: () => false, every: LOOK, news: news.bell, clock, log },
    signal,
  )
  let state: Overlap = { newest: kept.current(), former: undefined, since: clock.now() }
  void kept.follow((found) => {
    if (found.authority !== state.newest.authority)
      log.info('another authority vouches for this gateway; desktops are told')
    state = overlap(state, found, clock.now())
  }, signal)
  return {
    shown: () => shownIn(state, clock.now()),
    authorities: () => authoritiesIn(state),
  }
}
