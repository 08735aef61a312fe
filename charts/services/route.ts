import { z } from 'zod'
import { serviceNamespace } from '../../config/names.ts'
import type { Cluster } from '../../config/schema.ts'

/** How people reach a service: at `NAME.` and the name of the door, through the ingress. */
export const RouteWish = z.strictObject({
  /** The Service in its namespace, and the port of it. */
  service: z.string().regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, 'it must be the name of a Service'),
  port: z.int().min(1).max(65_535),
  /** `people`: after the login of the room. `none`: everybody who reaches the door. */
  login: z.enum(['people', 'none']).default('people'),
  /** Of the people, those who are in one of these groups. Default: all. */
  groups: z.array(z.string().min(1)).min(1).exactOptional(),
})
export type RouteWish = z.infer<typeof RouteWish>

/** A route as the ingress, the gateway and the door know it. */
export interface Route {
  /** Of the service. */
  readonly name: string
  readonly about: string
  /** What people type. */
  readonly host: string
  /** Of the Service, within the cluster. */
  readonly address: string
  readonly port: number
  readonly login: 'people' | 'none'
  readonly groups: readonly string[] | undefined
}

export const routeHost = (service: string, door: string): string => `${service}.${door}`

interface Routed {
  readonly name: string
  readonly about: string
  readonly route?: RouteWish
}

/** The routes of those services that want one. */
export const routesOf = ({ hosts }: Pick<Cluster, 'hosts'>, services: readonly Routed[]): Route[] =>
  services.flatMap(({ name, about, route }) =>
    route === undefined
      ? []
      : {
          ...{ name, about, host: routeHost(name, hosts.door) },
          address: `${route.service}.${serviceNamespace(name)}.svc.cluster.local`,
          ...{ port: route.port, login: route.login, groups: route.groups },
        },
  )
