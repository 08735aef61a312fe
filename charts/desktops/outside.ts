import type { Cluster } from '../../config/schema.ts'

/** Addresses that no desktop calls: the cluster's Services and pods, as kubeadm gives them out, and what is link-local. */
export const NEVER = ['10.96.0.0/12', '10.244.0.0/16', '169.254.0.0/16'] as const

/** What desktops call outside the cluster. */
export interface Outside {
  /** Networks that they may call. */
  readonly networks: readonly string[]
  /** Networks that they never call, whatever else is allowed: those of the PCs, in which registry and storage are. */
  readonly except: readonly string[]
  /** The room's one address, where there is one: they reach its door. */
  readonly door?: string
}

export function outsideOf({ desktops: { internet, internetNetworks }, hosts }: Cluster): Outside {
  const networks = { all: ['0.0.0.0/0'], listed: internetNetworks, none: [] }[internet]
  const door = hosts.address?.split('/')[0]
  return { networks, except: hosts.networks, ...(door === undefined ? {} : { door }) }
}
