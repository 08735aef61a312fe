import { getServers } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { CoreV1Api, type KubeConfig, type V1Pod } from '@kubernetes/client-node'
import { Counter, Gauge } from 'prom-client'
import { reasonOf } from '../cluster/answer.ts'
import { keptClient, ownCluster } from '../cluster/client.ts'
import { watch } from '../cluster/watch.ts'
import { NAMESPACES } from '../config/names.ts'
import type { ServiceContext } from '../service/service.ts'
import { newBell, turns } from '../service/turns.ts'
import { interfacesOf } from './interfaces.ts'
import { type Nft, nft } from './nft.ts'
import { rulesetOf } from './ruleset.ts'
import type { Settings } from './settings.ts'

const namespace = NAMESPACES.desktops
/** The PC's own, since the program runs in its network. */
const ROUTES = '/proc/net/route'
/** Ms between looks whether somebody changed the rules. */
const LOOK = 10_000
/** Ms to the next try after a failure. */
const RETRY = 1_000

/** Keeps the rules of this PC current and whole until the signal aborts. They stay when the program ends. */
export async function startPacketFilter(
  context: ServiceContext<Settings>,
  cluster: KubeConfig = ownCluster(),
  rules: Nft = nft,
  resolvers: () => readonly string[] = clusterResolvers,
): Promise<void> {
  const { settings, log, clock, signal, closing, readiness, registry } = context
  const core = keptClient(cluster, CoreV1Api)
  const fieldSelector = `spec.nodeName=${settings.node}`
  const pods = watch(
    cluster,
    {
      path: `/api/v1/namespaces/${namespace}/pods`,
      list: (page) => core.listNamespacedPod({ namespace, fieldSelector, ...page }),
      fieldSelector,
      keep: addressesOf,
    },
    log,
  )
  closing.defer(pods.stop)
  const bell = newBell()
  pods.onChange(bell.ring)
  let loaded: { readonly ruleset: string; readonly listing: string } | undefined
  readiness.needs(() => (loaded ? [] : ['the rules are not loaded']))
  new Gauge({
    name: 'deskfleet_packet_filter_desktops',
    help: 'Addresses of desktops on this PC that the rules hold.',
    registers: [registry],
    collect() {
      this.set(pods.all().flat().length)
    },
  })
  const repairs = new Counter({
    name: 'deskfleet_packet_filter_repairs_total',
    help: 'How often the rules were found changed by somebody else, and were put right.',
    registers: [registry],
  })
  const pass = async (): Promise<void> => {
    // Before the first list no pod is known: rules that are there from before say more.
    if (!pods.ready()) return
    const addresses = [...new Set(pods.all().flat())]
    const interfaces = interfacesOf(addresses, await readFile(ROUTES, 'utf8'))
    const ruleset = rulesetOf(addresses, interfaces, { ...settings.allowed, resolvers: resolvers() })
    if (loaded?.ruleset === ruleset) {
      if ((await rules.listing()) === loaded.listing) return
      repairs.inc()
      log.warn('somebody changed the rules of desktops on this PC: they are put right')
    }
    // Until it is loaded, this program is not ready: a desktop that no rule holds must be seen.
    loaded = undefined
    await rules.load(ruleset)
    loaded = { ruleset, listing: (await rules.listing()) ?? '' }
  }
  const rhythm = {
    bell,
    rest: (passed?: true) => (passed ? LOOK : RETRY),
    failed: (error: unknown) =>
      log.error({ reason: reasonOf(error) }, 'the rules could not be loaded; it is tried again'),
  }
  await turns(clock, rhythm, signal, async () => {
    await pass()
    return true
  })
}

/**
 * Where this pod looks names up is where desktops do: the address of the cluster's DNS, as this PC's kubelet knows it. Any
 * other Service may have a port 53 as well, and lead to another desktop.
 */
const clusterResolvers = (): string[] => getServers().filter((address) => isIP(address) === 4)

/** The addresses of a pod that has not ended; another pod may have those of one that has. */
function addressesOf({ status }: V1Pod): string[] | undefined {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined
  return (status?.podIPs ?? []).flatMap(({ ip }) => (isIP(ip) ? [ip] : []))
}
