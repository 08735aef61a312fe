/** `charts/`: One file for each app: from the settings to Kubernetes objects. */

import type { Construct } from 'constructs'
import type { Outcome } from '../config/findings.ts'
import { serviceNamespace } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import type { App, OwnServices } from './app.ts'
import { certificates } from './certificates.ts'
import { argo } from './delivery/argo.ts'
import { flux } from './delivery/flux.ts'
import { desktops } from './desktops.ts'
import { directory } from './directory.ts'
import { door } from './door.ts'
import { gateway } from './gateway.ts'
import { identity } from './identity.ts'
import { ingress } from './ingress.ts'
import type { AppSource } from './kit/collect.ts'
import { type Compiled, compile } from './kit/compile.ts'
import type { WantedRoute } from './kit/policies/policy.ts'
import { namespaces } from './namespaces.ts'
import { orchestrator } from './orchestrator.ts'
import { packetFilter } from './packet-filter.ts'
import { sampleDesktops } from './sample-desktops.ts'
import { secrets } from './secrets.ts'
import { type Service, ServiceFault, serviceApp } from './service.ts'
import { dataFindings, dataOf } from './services/data.ts'
import { routeHost, routesOf } from './services/route.ts'
import { sources as sourcesApp, sourcesData } from './sources.ts'
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
  ingress,
  storage,
  sourcesApp,
  desktops,
  door,
  packetFilter,
  orchestrator,
]

/** The apps of this cluster, the administrator's own services last. */
export const appsOf = (cluster: Cluster, services: readonly Service[] = []): App[] => [
  ...APPS.filter(({ when }) => when?.(cluster, ownServices(cluster, services)) ?? true),
  ...services.map(serviceApp),
]

const ownServices = (cluster: Cluster, services: readonly Service[]): OwnServices => ({
  routes: routesOf(cluster, services),
  data: [...dataOf(services), ...sourcesData(cluster)],
})

/** The wave of an app: how many apps deep its longest chain of `after` is. */
export function waveOf(name: string, apps: readonly App[] = APPS): number {
  const app = apps.find((one) => one.name === name)
  if (app === undefined) throw new Error(`charts/apps.ts: an app comes after ${name}, which is in no list`)
  return Math.max(-1, ...app.after.map((earlier) => waveOf(earlier, apps))) + 1
}

/** The whole platform of a room: every app and what delivers them, collected and checked. */
export function compileCluster(cluster: Cluster, services: readonly Service[] = []): Outcome<Compiled> {
  const refused = dataFindings(cluster, services)
  if (refused.length > 0) return { ok: false, findings: refused }
  const samples = sampleDesktops(cluster)
  const own = services.map(serviceApp)
  const made = [...APPS, ...own]
    .flatMap(({ makes = [] }) => makes)
    .map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)
  const madeInCluster = new Set([...made, ...samples.secrets])
  const context = {
    registry: cluster.registry,
    madeInCluster,
    services: new Map(own.map(({ name, namespace }) => [name, namespace])),
    routes: services.flatMap(wantedRoute(cluster)),
  }
  try {
    return compile(sources(cluster, services), context, samples.rendered)
  } catch (error) {
    if (error instanceof ServiceFault) return { ok: false, findings: [error.finding] }
    throw error
  }
}

/** The route of a service, as the rules look at it. */
const wantedRoute =
  ({ hosts }: Cluster) =>
  ({ name, route }: Service): readonly WantedRoute[] => {
    if (route === undefined) return []
    const app = serviceNamespace(name)
    const { service, port } = route
    return [{ app, namespace: app, service, port, host: routeHost(name, hosts.door) }]
  }

function sources(cluster: Cluster, services: readonly Service[]): AppSource[] {
  const delivery = { argo, flux }[cluster.delivery.kind]
  const apps = appsOf(cluster, services)
  const all = [...APPS, ...apps]
  const own = ownServices(cluster, services)
  const entries = apps.map(({ name, about, namespace, after }) => ({
    name,
    about,
    namespace,
    after,
    wave: waveOf(name, all),
  }))
  return [
    ...apps.map(({ name, chart }) => ({ name, build: (scope: Construct) => chart(scope, cluster, own) })),
    { name: 'delivery', build: (scope: Construct) => delivery(scope, cluster, entries) },
  ]
}
