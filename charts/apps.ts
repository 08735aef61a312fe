/** `charts/`: One file for each app: from the settings to Kubernetes objects. */

import type { Construct } from 'constructs'
import type { Outcome } from '../config/findings.ts'
import type { Cluster } from '../config/schema.ts'
import type { App } from './app.ts'
import { certificates } from './certificates.ts'
import { argo } from './delivery/argo.ts'
import { flux } from './delivery/flux.ts'
import { desktops } from './desktops.ts'
import { directory } from './directory.ts'
import { door } from './door.ts'
import { gateway } from './gateway.ts'
import { identity } from './identity.ts'
import type { AppSource } from './kit/collect.ts'
import { type Compiled, compile } from './kit/compile.ts'
import { namespaces } from './namespaces.ts'
import { orchestrator } from './orchestrator.ts'
import { packetFilter } from './packet-filter.ts'
import { sampleDesktops } from './sample-desktops.ts'
import { secrets } from './secrets.ts'
import { storage } from './storage.ts'
import { webhook } from './webhook.ts'

/** The one list of apps. `delivery/` turns it into what Argo CD or Flux applies. */
export const APPS: readonly App[] = [
  namespaces,
  secrets,
  certificates,
  identity,
  directory,
  webhook,
  gateway,
  storage,
  desktops,
  door,
  packetFilter,
  orchestrator,
]

/** The apps of this cluster. */
export const appsOf = (cluster: Cluster): App[] => APPS.filter(({ when }) => when?.(cluster) ?? true)

/** The wave of an app: how many apps deep its longest chain of `after` is. */
export function waveOf(name: string, apps: readonly App[] = APPS): number {
  const app = apps.find((one) => one.name === name)
  if (app === undefined) throw new Error(`charts/apps.ts: an app comes after ${name}, which is in no list`)
  return Math.max(-1, ...app.after.map((earlier) => waveOf(earlier, apps))) + 1
}

/** The whole platform of a room: every app and what delivers them, collected and checked. */
export function compileCluster(cluster: Cluster): Outcome<Compiled> {
  const samples = sampleDesktops(cluster)
  const made = APPS.flatMap(({ makes = [] }) => makes).map(
    ({ kind, namespace, name }) => `${kind} ${namespace}/${name}`,
  )
  const madeInCluster = new Set([...made, ...samples.secrets])
  return compile(sources(cluster), { registry: cluster.registry, madeInCluster }, samples.rendered)
}

function sources(cluster: Cluster): AppSource[] {
  const delivery = { argo, flux }[cluster.delivery.kind]
  const apps = appsOf(cluster)
  const entries = apps.map(({ name, about, namespace, after }) => ({
    name,
    about,
    namespace,
    after,
    wave: waveOf(name),
  }))
  return [
    ...apps.map(({ name, chart }) => ({ name, build: (scope: Construct) => chart(scope, cluster) })),
    { name: 'delivery', build: (scope: Construct) => delivery(scope, cluster, entries) },
  ]
}
