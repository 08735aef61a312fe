import type { V1Deployment, V1Secret, V1Service } from '@kubernetes/client-node'
import type { Identity } from '../../config/identity.ts'
import { DESKTOP, desktopName, NAMESPACES } from '../../config/names.ts'
import type { OfferedTemplate } from '../offer.ts'

/** What proves a desktop's pod to the gateway, and the gateway to the pod. New at every start. */
export interface DesktopSecrets {
  /** PEM, self-signed, for {@link serviceHost}. */
  readonly certificate: string
  readonly key: string
  /** 32 random bytes, base64url. */
  readonly token: string
}

export interface DesktopObjects {
  readonly deployment: V1Deployment
  readonly service: V1Service
  readonly secret: V1Secret
}

/** What `desktop/` makes of a person and a template. A reason in plain words where it cannot. */
export type RenderDesktop = (
  identity: Identity,
  template: OfferedTemplate,
  secrets: DesktopSecrets,
) => DesktopObjects | { readonly unfit: string }

/** The name that a desktop's certificate is for, and by which the cluster's DNS finds it. */
export const serviceHost = (slug: string): string => `${desktopName(slug)}.${NAMESPACES.desktops}.svc`

/** Where a desktop is dialled. The certificate is checked against {@link serviceHost} wherever that is. */
export type AddressOf = (slug: string) => { readonly host: string; readonly port: number }

export const byService: AddressOf = (slug) => ({ host: serviceHost(slug), port: DESKTOP.servicePort })
