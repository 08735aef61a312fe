import type { KubeConfig } from '@kubernetes/client-node'
import { belongingsOf } from '../../desktop/belongings.ts'
import { desktopObjects } from '../../desktop/objects.ts'
import type { Clock } from '../../service/clock.ts'
import type { ClusterView } from '../cluster/view.ts'
import type { Offer } from '../offer.ts'
import { type Bridges, openBridges } from './bridge.ts'
import type { Caller } from './caller.ts'
import { confirmByBridge } from './confirm.ts'
import { type Desktops, watchDesktops } from './desktops.ts'
import { type AddressOf, bridgeName, byPod, type RenderDesktop } from './render.ts'
import { type DesktopStore, desktopStore } from './store.ts'

/** People's desktops: as they stand, as their bridges say, and as they are written. */
export interface OpenDesktops {
  readonly desktops: Desktops
  readonly bridges: Bridges
  readonly store: DesktopStore
}

export interface DesktopsParts {
  readonly cluster: KubeConfig
  readonly view: ClusterView
  readonly offer: () => Offer
  readonly clock: Clock
  readonly caller: Caller
  /** Where desktops are dialled; undefined: their pods. */
  readonly addressOf: AddressOf | undefined
}

export function openDesktops(
  { cluster, view, offer, clock, caller, addressOf }: DesktopsParts,
  signal: AbortSignal,
): OpenDesktops {
  const watched = watchDesktops(view)
  const bridges = openBridges({
    cluster,
    addressOf: addressOf ?? byPod(watched),
    nameOf(owner) {
      const desktop = watched.of(owner)
      return desktop && bridgeName(owner, desktop.start)
    },
    caller,
    monotonic: clock.now,
  })
  const render: RenderDesktop = (identity, template, keys) => {
    const account = belongingsOf(identity)
    // Admission would refuse its pod again and again; better to be told at once.
    if ('unfit' in account) return { unfit: account.unfit.reason }
    return desktopObjects(identity, template, offer(), { running: true, keys })
  }
  return {
    desktops: confirmByBridge(watched, bridges.progress, clock, signal),
    bridges,
    store: desktopStore(cluster, render, caller, () => clock.wall().getTime()),
  }
}
