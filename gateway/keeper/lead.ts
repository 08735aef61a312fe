import type { KubeConfig } from '@kubernetes/client-node'
import { leadBy } from '../../cluster/lease/work.ts'
import { GATEWAY, NAMESPACES } from '../../config/names.ts'
import type { ServiceContext } from '../../service/service.ts'
import type { ClusterView } from '../cluster/view.ts'
import type { Owner } from '../desktops/desktop.ts'
import type { OpenDesktops } from '../desktops/open.ts'
import type { Offer } from '../offer.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Usage } from '../storage/usage.ts'
import { ENGLISH } from '../texts/english.ts'
import { type KeeperSettings, keep } from './keep.ts'

/** This replica's candidacy for the one that starts and stops desktops. */
export interface Leader {
  /** Whether it leads now. */
  leads(): boolean
  /** Resolves when the candidacy is over; rejects when its work cannot go on. */
  readonly over: Promise<void>
}

export interface LeaderParts extends OpenDesktops {
  readonly cluster: KubeConfig
  readonly view: ClusterView
  readonly offer: () => Offer
  readonly sessions: Sessions
  readonly usage: Pick<Usage, 'over'>
}

/** Ms. A leader is missed soon, since logins wait for it; it gives up itself before. */
const TIMING = { duration: 6_000, deadline: 4_000, retry: 1_000 }
const MINUTE = 60_000

/** Stands for election until the context's signal aborts; whoever leads keeps everybody's desktops. */
export function leadDesktops(context: ServiceContext<KeeperSettings>, parts: LeaderParts): Leader {
  const { settings, log, clock, me, signal } = context
  const { cluster, view, sessions, usage, ...open } = parts
  const now = () => clock.wall().getTime()
  const warning = (stopsAt: number) => ENGLISH.warning(Math.max(1, Math.round((stopsAt - now()) / MINUTE)))
  const moving = (at: number | undefined) => ENGLISH.moving(at === undefined ? 0 : at - now())
  const overLimit = (owner: Owner): string | undefined => {
    const over = usage.over(owner.entryUUID)
    return over && ENGLISH.overLimit(over.used.bytes, over.limit)
  }
  const effects = { ...open, cluster: view, log, warning, moving, overLimit }
  let leads = false
  const leading = (is: boolean): void => {
    leads = is
    log.info(is ? 'this replica starts and stops desktops now' : 'this replica waits for its turn')
  }
  const lease = { namespace: NAMESPACES.system, lease: GATEWAY.lease, timing: TIMING }
  const over = leadBy({ ...lease, cluster, me, clock, log, signal, leading }, (tenure) =>
    keep(effects, settings, clock, tenure, sessions),
  )
  return { leads: () => leads, over }
}
