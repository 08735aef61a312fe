import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import type { ToldGuard } from '../../cluster/control-plane-guard.ts'
import type { ToldVolume } from '../../cluster/gluster-volume.ts'
import type { Locking } from '../cluster/locking.ts'
import type { ClusterView } from '../cluster/view.ts'
import type { Bridges } from '../desktops/bridge.ts'
import type { Desktops } from '../desktops/desktops.ts'
import type { DesktopStore } from '../desktops/store.ts'
import type { Devices } from '../login/devices.ts'
import type { People } from '../login/people.ts'
import type { Throttle } from '../login/throttle.ts'
import type { Metrics } from '../metrics.ts'
import type { Offer } from '../offer.ts'
import type { Assets } from '../pages/assets.ts'
import type { Key } from '../session/keys.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Usage } from '../storage/usage.ts'
import type { Texts } from '../texts/texts.ts'
import type { Followers } from './followers.ts'
import type { Transfers } from './transfers.ts'

/** All that the pages are made of. Every effect is one of these. */
export interface Parts {
  readonly sessions: Sessions
  /** The keys that seal sessions now. */
  readonly sessionKeys: () => readonly Key[]
  readonly cluster: ClusterView
  readonly desktops: Desktops
  readonly store: DesktopStore
  readonly bridges: Bridges
  readonly offer: () => Offer
  readonly throttle: Throttle
  readonly devices: Devices
  readonly people: People
  readonly locking: Locking
  /** How the volume with everybody's homes stands; undefined where storage is of another kind. */
  readonly volume: () => Promise<ToldVolume | undefined>
  /** How the masters stand; undefined where nobody watches over them. */
  readonly guard: () => Promise<ToldGuard | undefined>
  /** What homes take up. */
  readonly usage: Usage
  readonly assets: Assets
  readonly texts: Texts
  readonly hosts: readonly string[]
  readonly addressOf: (request: IncomingMessage) => string
  /** This request's connection carries that person, who is logged in. */
  readonly known: (request: IncomingMessage, slug: string) => void
  readonly strictTransport: () => boolean
  readonly metrics: Metrics
  readonly log: Logger
  readonly now: () => number
  readonly longestUpload: number
  /** How long after the directory was last read whole admission lets pods in, in ms. */
  readonly maxStale: number
  readonly followers: Followers
  readonly transfers: Transfers
}
