import type { Identity } from '../../config/identity.ts'
import { DESKTOP, desktopName, NAMESPACES } from '../../config/names.ts'
import type { DesktopKeys, DesktopObjects } from '../../desktop/objects.ts'
import type { OfferedTemplate } from '../offer.ts'

/** What `desktop/` makes of a person and a template, with keys that are new at every start. */
export type RenderDesktop = (
  identity: Identity,
  template: OfferedTemplate,
  keys: DesktopKeys,
) => DesktopObjects | { readonly unfit: string }

/** The name that a desktop's certificate is for, and by which the cluster's DNS finds it. */
export const serviceHost = (slug: string): string => `${desktopName(slug)}.${NAMESPACES.desktops}.svc`

/** Where a desktop is dialled. The certificate is checked against {@link serviceHost} wherever that is. */
export type AddressOf = (slug: string) => { readonly host: string; readonly port: number }

export const byService: AddressOf = (slug) => ({ host: serviceHost(slug), port: DESKTOP.servicePort })
