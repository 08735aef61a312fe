import type { Construct } from 'constructs'
import { account, type Rights } from './access.ts'
import { API_SERVER, allow, DNS, type Traffic } from './network.ts'
import { add } from './objects.ts'
import { type Pod, selects } from './pods.ts'
import { addWorkload, type Workload } from './workload.ts'

/** A program as it runs in the cluster: its pods, and all that goes with them. */
export interface Program extends Pod {
  readonly namespace: string
  readonly workload: Workload
  /** What its account may do with the API. @default nothing */
  readonly rights?: Rights
  readonly services?: readonly Service[]
  /** Who may call it, besides the reader of its metrics. */
  readonly ingress?: readonly Traffic[]
  /** Whom it calls, besides names and the API server if it has a token. */
  readonly egress?: readonly Traffic[]
}

/** A port of an address. */
interface ServicePort {
  /** The container's port, by its name; the address has the same name for it. */
  readonly port: string
  /** The number under which the address shows it. */
  readonly as: number
}

/** An address of a program within the cluster. */
export interface Service extends ServicePort {
  readonly name: string
  /** Further ports of it. @default none */
  readonly others?: readonly ServicePort[]
  /** The address itself, for those who know it before there is a cluster. @default what the cluster gives it */
  readonly address?: string
  /** Whether each caller is led to one of the pods, for as long as that is ready. @default to any, each time */
  readonly keepsCallers?: boolean
  /** One address for all pods, or a name for each of them. @default one */
  readonly headless?: boolean
  /** Whether the name of each is known before it is ready: for those who must find each other to become so. @default no */
  readonly beforeReady?: boolean
  /** Whose pods it leads to: the program's that are ready, or what the program itself writes into EndpointSlices. @default ready */
  readonly leadsTo?: 'ready' | 'written'
}

/** Makes a program: account, rights, pods, Services, disruption budget, network rules. No chart writes a pod by hand. */
export function program(scope: Construct, props: Program): void {
  const { name, namespace, workload, rights = {}, services = [] } = props
  account(scope, name, namespace, rights)
  addWorkload(scope, namespace, props, workload)
  for (const service of services) addService(scope, props, service)
  // Where there are several, one goes on while PCs are drained.
  if ((workload.kind === 'Deployment' || workload.kind === 'StatefulSet') && workload.replicas > 1) {
    // Servers that keep what people made agree by majority: there, no more than one is drained at once.
    const few = workload.kind === 'StatefulSet' ? { maxUnavailable: 1 } : { minAvailable: 1 }
    const spec = { ...few, selector: { matchLabels: selects(name) } }
    add(scope, 'policy/v1/PodDisruptionBudget', { name, namespace }, { spec })
  }
  addTraffic(scope, props)
}

function addService(scope: Construct, { name, namespace }: Program, service: Service): void {
  const { headless = false, beforeReady = false, leadsTo = 'ready', others = [], address } = service
  add(
    scope,
    'v1/Service',
    { name: service.name, namespace },
    {
      spec: {
        type: 'ClusterIP',
        ...(headless ? { clusterIP: 'None' } : {}),
        ...(address === undefined ? {} : { clusterIP: address }),
        ...(service.keepsCallers ? { sessionAffinity: 'ClientIP' } : {}),
        ...(beforeReady ? { publishNotReadyAddresses: true } : {}),
        ...(leadsTo === 'ready' ? { selector: selects(name) } : {}),
        ports: [service, ...others].map(({ port, as }) => ({
          ...{ name: port, port: as },
          ...(leadsTo === 'ready' ? { targetPort: port } : {}),
          protocol: 'TCP',
        })),
      },
    },
  )
}

/** A program without traffic needs no rule: its namespace is closed. */
function addTraffic(scope: Construct, props: Program): void {
  const { name, namespace, containers, token = true } = props
  const metrics = containers.flatMap(({ ports = {} }) => ports.metrics ?? [])
  const ingress = [
    ...(props.ingress ?? []),
    ...(metrics.length === 0 ? [] : [{ peer: { namespace }, ports: metrics }]),
  ]
  const egress = [...(token ? [...DNS, API_SERVER] : []), ...(props.egress ?? [])]
  if (ingress.length + egress.length > 0) allow(scope, { program: name, namespace, ingress, egress })
}
