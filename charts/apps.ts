import type { Construct } from 'constructs'
import type { Outcome } from '../config/findings.ts'
import { AUTHORITY, IDENTITIES_CONFIG_MAP, LDAP, NAMESPACES } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
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
import { sampleDesktops } from './sample-desktops.ts'
import { secrets } from './secrets.ts'
import { storage } from './storage.ts'
import { webhook } from './webhook.ts'

/** An app: one folder of `dist/`, one Argo Application or Flux Kustomization. */
export interface App {
  readonly name: string
  /** What it does, for the people who see it in Argo CD. */
  readonly about: string
  /** Where most of it lives. */
  readonly namespace: string
  /** The apps that had better be there first. Only a speed-up: every app converges in any order. */
  readonly after: readonly string[]
  readonly chart: (scope: Construct, cluster: Cluster) => void
  /** Whether a cluster has it at all. @default always */
  readonly when?: (cluster: Cluster) => boolean
}

/** The one list of apps. `delivery/` turns it into what Argo CD or Flux applies. */
export const APPS: readonly App[] = [
  {
    name: 'namespaces',
    about: 'Namespaces with their law: PodSecurity, quotas, closed networks, priorities',
    namespace: NAMESPACES.system,
    after: [],
    chart: namespaces,
  },
  {
    name: 'secrets',
    about: 'Makes the passwords and certificates that never stand in Git, once',
    namespace: NAMESPACES.system,
    after: ['namespaces'],
    chart: secrets,
  },
  {
    name: 'identity',
    about: 'Who is who, who may be whom, and the proof of both in the API server',
    namespace: NAMESPACES.system,
    after: ['namespaces'],
    chart: identity,
  },
  {
    name: 'directory',
    about: 'LDAP: people, passwords, groups',
    namespace: NAMESPACES.directory,
    after: ['namespaces'],
    chart: directory,
  },
  {
    name: 'webhook',
    about: 'Gives pods of people their identity and their home',
    namespace: NAMESPACES.system,
    after: ['namespaces', 'identity'],
    chart: webhook,
  },
  {
    name: 'gateway',
    about: 'Login, desktops on demand, and their screens in the browser',
    namespace: NAMESPACES.system,
    after: ['namespaces', 'identity', 'webhook', 'directory'],
    chart: gateway,
  },
  {
    name: 'storage',
    about: 'Homes and the shared folder: made, bound to people, shown on every PC',
    namespace: NAMESPACES.storage,
    after: ['namespaces', 'identity'],
    chart: storage,
    when: ({ storage: { kind } }) => kind === 'path',
  },
  {
    name: 'desktops',
    about: 'What desktops stand on: who may call them, their images on every PC',
    namespace: NAMESPACES.desktops,
    after: ['namespaces'],
    chart: desktops,
  },
  {
    name: 'door',
    about: "The room's one address, held by a master, leading to the gateway",
    namespace: NAMESPACES.door,
    after: ['namespaces', 'gateway'],
    chart: door,
    when: ({ hosts: { address } }) => address !== undefined,
  },
]

/** The apps of this cluster. */
export const appsOf = (cluster: Cluster): App[] => APPS.filter(({ when }) => when?.(cluster) ?? true)

/** The wave of an app: how many apps deep its longest chain of `after` is. */
export function waveOf(name: string, apps: readonly App[] = APPS): number {
  const app = apps.find((one) => one.name === name)
  if (app === undefined) throw new Error(`charts/apps.ts: an app comes after ${name}, which is in no list`)
  return Math.max(-1, ...app.after.map((earlier) => waveOf(earlier, apps))) + 1
}

/** What the apps name but `dist/` does not hold, because it is made in the cluster, with its maker. */
const MADE_IN_CLUSTER: Readonly<Record<string, string>> = {
  [`ConfigMap ${NAMESPACES.system}/${IDENTITIES_CONFIG_MAP}`]: 'the identity sync',
  [`ConfigMap ${NAMESPACES.system}/${AUTHORITY.configMap}`]: 'the job that makes secrets',
  [`Secret ${NAMESPACES.system}/${LDAP.readerSecret}`]: 'the job that makes secrets',
  [`Secret ${NAMESPACES.directory}/${LDAP.readerSecret}`]: 'the job that makes secrets',
  [`Secret ${NAMESPACES.directory}/${LDAP.adminSecret}`]: 'the job that makes secrets',
  [`Secret ${NAMESPACES.directory}/${LDAP.tlsSecret}`]: 'the job that makes secrets',
}

/** The whole platform of a room: every app and what delivers them, collected and checked. */
export function compileCluster(cluster: Cluster): Outcome<Compiled> {
  const desktops = sampleDesktops(cluster)
  const madeInCluster = new Set([...Object.keys(MADE_IN_CLUSTER), ...desktops.secrets])
  return compile(sources(cluster), { registry: cluster.registry, madeInCluster }, desktops.rendered)
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
