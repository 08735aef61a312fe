import type { Construct } from 'constructs'
import type { Cluster } from '../config/schema.ts'
import type { ServiceData } from './services/data.ts'
import type { Route } from './services/route.ts'

/** An app: one folder of `dist/`, one Argo Application or Flux Kustomization. Each is a file here; `apps.ts` lists them. */
export interface App {
  readonly name: string
  /** What it does, for the people who see it in Argo CD. */
  readonly about: string
  /** Where most of it lives. */
  readonly namespace: string
  /** Apps that are delivered first. It saves time only: every app converges in any order. */
  readonly after: readonly string[]
  readonly chart: (scope: Construct, cluster: Cluster, services: OwnServices) => void
  /** Whether a cluster has it at all. @default always */
  readonly when?: (cluster: Cluster, services: OwnServices) => boolean
  /** Objects that its programs make in the cluster and that objects of `dist/` name; no policy looks for them in `dist/`. */
  readonly makes?: readonly MadeInCluster[]
}

/** What our own apps must know of the administrator's services. */
export interface OwnServices {
  readonly routes: readonly Route[]
  readonly data: readonly ServiceData[]
}

export interface MadeInCluster {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly namespace: string
  readonly name: string
}
