import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import type { LoginResult } from '../../directory/login.ts'
import type { PasswordResult } from '../../directory/own-password.ts'
import type { Room } from '../cluster/room.ts'
import type { Bridges } from '../desktops/bridge.ts'
import type { Desktops } from '../desktops/desktops.ts'
import type { DesktopStore } from '../desktops/store.ts'
import type { Throttle } from '../login/throttle.ts'
import type { Metrics } from '../metrics.ts'
import type { Offer } from '../offer.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Texts } from '../texts/texts.ts'
import type { Assets } from './assets.ts'

/** All that the pages are made of. Every effect is one of these. */
export interface Parts {
  readonly sessions: Sessions
  readonly room: Room
  readonly desktops: Desktops
  readonly store: DesktopStore
  readonly bridges: Bridges
  readonly offer: () => Offer
  readonly throttle: Throttle
  readonly people: People
  readonly assets: Assets
  readonly texts: Texts
  readonly hosts: readonly string[]
  readonly addressOf: (request: IncomingMessage) => string
  readonly strictTransport: () => boolean
  readonly metrics: Metrics
  readonly log: Logger
  readonly now: () => number
  readonly longestUpload: number
  /** Aborted when this replica stops: what lasts ends then. */
  readonly leaving: AbortSignal
}

/** The directory, as far as people themselves use it. Both throw a DirectoryError when it does not answer. */
export interface People {
  login(name: string, password: string): Promise<LoginResult>
  changePassword(login: string, before: string, after: string): Promise<PasswordResult>
}
