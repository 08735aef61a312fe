import { readFile } from 'node:fs/promises'
import { BatchV1Api, CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { reasonOf } from '../cluster/answer.ts'
import { keptClient, ownCluster } from '../cluster/client.ts'
import { type EventNews, type Events, openEvents } from '../cluster/events.ts'
import { leadBy } from '../cluster/lease/work.ts'
import { API_GROUP, API_VERSION, CONTROL_PLANE_GUARD, CROWN, NAMESPACES } from '../config/names.ts'
import type { ProgramContext } from '../service/program.ts'
import { act } from './act/act.ts'
import { apiFilesIn } from './act/api-files.ts'
import { credentialsIn } from './etcd/credentials.ts'
import { openGateway } from './etcd/gateway.ts'
import { guardStore } from './guard.ts'
import { openEyes } from './observe/look.ts'
import { type RunListener, type Running, run } from './run.ts'
import type { Settings } from './settings.ts'
import type { Told } from './state.ts'

/** One run of the orchestrator: looks for about a minute, if no other run does, and ends. The next one may be on another PC. */
export async function startTick(context: ProgramContext<Settings>): Promise<undefined> {
  const { settings, log, clock, me, signal } = context
  const cluster = ownCluster()
  const gateway = openGateway(await credentialsIn(settings.etcdKeys))
  const authority = await authorityOf(cluster)
  const events = openEvents(cluster, CROWN.program, clock, (error) =>
    log.warn({ reason: reasonOf(error) }, 'an Event could not be written'),
  )
  const hands = {
    core: keptClient(cluster, CoreV1Api),
    batch: keptClient(cluster, BatchV1Api),
    gateway,
    clock,
    image: settings.image,
    authority,
    apiFiles: () => apiFilesIn(settings.apiFiles),
  }
  const running: Running = {
    store: guardStore(cluster),
    eyes: openEyes({ cluster, gateway, clock, authority }),
    act: (effect, operation, look) => act(effect, operation, look, hands),
    clock,
    listener: listenerFor(log, events),
  }
  const minute = AbortSignal.any([signal, AbortSignal.timeout(settings.lookFor)])
  const leading = (leads: boolean): void => log.debug({ leads }, 'the Lease')
  const lease = { cluster, namespace: NAMESPACES.crown, lease: CROWN.program, me, clock, log }
  await leadBy({ ...lease, signal: minute, leading }, (tenure) => run(running, tenure))
  return undefined
}

/** PEM: of the API server, as pods know it. */
async function authorityOf(cluster: KubeConfig): Promise<string> {
  const known = cluster.getCurrentCluster()
  if (known?.caData) return Buffer.from(known.caData, 'base64').toString()
  if (known?.caFile) return readFile(known.caFile, 'utf8')
  throw new Error('the authority of the API server is not known')
}

/** What somebody should look at. */
const WARNINGS: ReadonlySet<string> = new Set(['MasterSick', 'Storm', 'Undoing', 'Undone', 'Halted'])

// Events about what has no namespace lie there.
const namespace = 'default'

/** On the Guard, and on the Node that it is about, where `kubectl describe` shows it. */
function aboutGuardAndNode(uid: string, { node, reason, message }: Told): EventNews[] {
  const { kind, name } = CONTROL_PLANE_GUARD
  const guard = { apiVersion: `${API_GROUP}/${API_VERSION}`, kind, name, uid, namespace }
  // A Node's Events are found by its name in place of its uid.
  const ofNode = { apiVersion: 'v1', kind: 'Node', name: node ?? '', uid: node ?? '', namespace }
  return (node === undefined ? [guard] : [guard, ofNode]).map((regarding) => ({ regarding, reason, message }))
}

function listenerFor(log: Logger, events: Events): RunListener {
  return {
    async told({ uid }, news) {
      for (const { reason, message, node } of news) log.info({ reason, node }, message)
      const [bad, good] = [true, false].map((is) =>
        news
          .filter(({ reason }) => WARNINGS.has(reason) === is)
          .flatMap((one) => aboutGuardAndNode(uid, one)),
      )
      await events.warn(bad ?? [])
      await events.tell(good ?? [])
    },
    looked: ({ unread }, took) => {
      if (unread !== undefined) log.warn({ reason: unread }, 'the members of etcd could not be read')
      log.debug({ took: Math.round(took) }, 'looked')
    },
    refused: (effect, why) => log.warn({ effect, reason: why }, 'not done yet'),
    acted: (effect, inTheWay) =>
      inTheWay === undefined
        ? log.info({ effect }, 'done')
        : log.warn({ effect, reason: inTheWay }, 'something is in the way'),
    failed: (error) => log.warn({ reason: reasonOf(error) }, 'this look came to nothing'),
  }
}
