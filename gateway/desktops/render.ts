import type { Identity } from '../../config/identity.ts'
import { DESKTOP, desktopName, NAMESPACES } from '../../config/names.ts'
import type { DesktopKeys, DesktopObjects } from '../../desktop/objects.ts'
import type { OfferedTemplate } from '../offer.ts'
import type { Owner } from './desktop.ts'
import type { Desktops } from './desktops.ts'

/** What `desktop/` makes of a person and a template, with keys that are new at every start. */
export type RenderDesktop = (
  identity: Identity,
  template: OfferedTemplate,
  keys: DesktopKeys,
) => DesktopObjects | { readonly unfit: string }

/** The name of a desktop's Service. */
export const serviceHost = (slug: string): string => `${desktopName(slug)}.${NAMESPACES.desktops}.svc`

/**
 * The name that a desktop's certificate is for, wherever it is dialled: this start of this person's desktop, and no
 * other that its name ever had. One that an older version started has its Service's.
 */
export const bridgeName = ({ slug, entryUUID }: Owner, start: string | undefined): string =>
  start === undefined ? serviceHost(slug) : `${start}.${entryUUID}.${NAMESPACES.desktops}`

/** Where a desktop is dialled. The certificate is checked against {@link bridgeName} wherever that is. */
export type AddressOf = (owner: Owner) => { readonly host: string; readonly port: number }

/**
 * The pod itself, as the cluster shows it: DNS and the Service learn of a new pod later, and of a dead PC much later.
 * The Service where no pod is known.
 */
export const byPod =
  (desktops: Desktops): AddressOf =>
  (owner) => {
    const host = desktops.of(owner)?.pod?.address
    return host === undefined
      ? { host: serviceHost(owner.slug), port: DESKTOP.servicePort }
      : { host, port: DESKTOP.port }
  }
