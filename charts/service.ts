import { ApiObject } from 'cdk8s'
import type { Construct } from 'constructs'
import type { Finding } from '../config/findings.ts'
import { INGRESS, NAMESPACES, serviceNamespace } from '../config/names.ts'
import type { Cluster } from '../config/schema.ts'
import { firstLine } from '../config/source.ts'
import type { App } from './app.ts'
import { DNS, from, ports, to } from './kit/network.ts'
import { add } from './kit/objects.ts'
import { KEPT } from './kit/policies/contents.ts'
import { factsOf, type KubeObject } from './kit/rendered.ts'
import { closedNamespace } from './namespaces.ts'
import { type DataWish, dataClaim, dataOf } from './services/data.ts'
import type { RouteWish } from './services/route.ts'

/**
 * A service of the administrator's own: a file or a folder of `services/`, which becomes an app with the same rules as ours
 * have. It lives in the namespace `service-NAME`, and makes nothing outside of it.
 */
export interface Service {
  /** Small letters, digits and hyphens: what its file or folder is called. */
  readonly name: string
  /** What it does, for the people who see it in Argo CD. */
  readonly about: string
  /** Secrets of its namespace that somebody makes in the cluster, since none stands in Git. @default none */
  readonly secrets?: readonly string[]
  /** How people reach it. @default not at all */
  readonly route?: RouteWish
  /** What it keeps on the room's own storage. @default nothing */
  readonly data?: readonly DataWish[]
  readonly chart: ServiceChart
}

/** Fills its chart. `namespace` is where its objects belong. */
export type ServiceChart = (
  scope: Construct,
  place: { readonly namespace: string; readonly cluster: Cluster },
) => void

/** A chart of an administrator's own that ended in an error: their mistake, and none of ours. */
export class ServiceFault extends Error {
  readonly finding: Finding

  constructor(name: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`the chart of the service ${name} fails: ${reason}`, { cause })
    this.name = 'ServiceFault'
    this.finding = {
      severity: 'error',
      where: `services/${name}`,
      what: `its chart fails: ${firstLine(reason)}`,
      rule: 'a chart adds objects, and ends',
      mend: 'correct it; npm run check may show where',
    }
  }
}

/** Its app: a closed namespace in which its pods reach each other and names are looked up, and what it renders. */
export function serviceApp({ name, about, secrets = [], route, data = [], chart }: Service): App {
  const namespace = serviceNamespace(name)
  return {
    name: namespace,
    about,
    namespace,
    after: ['namespaces'],
    makes: secrets.map((secret) => ({ kind: 'Secret', namespace, name: secret })),
    chart: (scope, cluster) => {
      closedNamespace(scope, namespace, 'restricted')
      among(scope, namespace)
      if (route) fromIngress(scope, namespace)
      for (const one of dataOf([{ name, data }])) dataClaim(scope, cluster, one)
      try {
        chart(scope, { namespace, cluster })
      } catch (error) {
        throw new ServiceFault(name, error)
      }
    },
  }
}

/** What passes in its namespace without being asked for: its pods speak to each other, and look up names. */
function among(scope: Construct, namespace: string): void {
  add(
    scope,
    'networking.k8s.io/v1/NetworkPolicy',
    { name: 'among-themselves', namespace },
    {
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: {} }] } as object],
        egress: [{ to: [{ podSelector: {} }] }, ...DNS.map((one) => ({ ...to(one), ports: ports(one) }))],
      },
    },
  )
}

/** Its pods hear the ingress, which calls the one port that its route names. */
function fromIngress(scope: Construct, namespace: string): void {
  const peer = { namespace: NAMESPACES.system, program: INGRESS.program }
  add(
    scope,
    'networking.k8s.io/v1/NetworkPolicy',
    { name: 'from-ingress', namespace },
    { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [from({ peer, ports: [] })] } },
  )
}

/** The chart of plain objects, as a file of YAML or a rendering of Helm or Kustomize has them. */
export const chartOf =
  (objects: readonly KubeObject[]): ServiceChart =>
  (scope, { namespace }) => {
    for (const object of objects) {
      const { apiVersion, kind, metadata, ...rest } = object
      const facts = factsOf(object)
      new ApiObject(scope, [kind, metadata.namespace, metadata.name].filter(Boolean).join('.'), {
        apiVersion,
        kind,
        metadata: {
          ...metadata,
          ...(facts?.scope === 'namespace' ? { namespace: metadata.namespace ?? namespace } : {}),
          // Whoever renders a chart of somebody else cannot be asked to write our words into it.
          ...(facts?.holdsData === true ? { annotations: { ...metadata.annotations, ...KEPT } } : {}),
        },
        ...rest,
      })
    }
  }
