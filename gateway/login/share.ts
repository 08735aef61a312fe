import { CoreV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { reasonOf } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { FIELD_MANAGERS, GATEWAY, NAMESPACES } from '../../config/names.ts'
import type { Clock } from '../../service/clock.ts'
import { turns } from '../../service/turns.ts'
import type { ClusterView } from '../cluster/view.ts'
import { failuresIn } from './failures.ts'
import { longest, type Throttle } from './throttle.ts'

export interface ShareParts {
  readonly cluster: KubeConfig
  readonly view: Pick<ClusterView, 'failures'>
  readonly throttle: Throttle
  /** Of this process alone: one that starts again hears what it said before as another's. */
  readonly replica: string
  readonly clock: Clock
  readonly log: Logger
}

/** Ms. What one replica saw, the others count at most so long later, and the way of a write and a watch. */
const SAY_EVERY = 1_000

/**
 * Tells the other replicas what failed here, and this one what failed there, until the signal aborts. The API server is
 * on no login's way: while it is away each replica counts what it knows, and N of them let through N times a limit.
 */
export function shareFailures(
  { cluster, view, throttle, replica, clock, log }: ShareParts,
  signal: AbortSignal,
): Promise<void> {
  const core = keptClient(cluster, CoreV1Api)
  const now = () => clock.wall().getTime()
  const shown = () => view.failures.get(GATEWAY.failuresConfigMap)?.data ?? {}
  const hear = () => {
    const others = Object.entries(shown()).filter(([name]) => name !== replica)
    throttle.hear(others.flatMap(([, text]) => failuresIn(text)))
  }
  view.failures.onChange(hear)
  hear()
  let failing = false
  return turns(
    clock,
    {
      rest: () => SAY_EVERY,
      failed(error) {
        if (!failing) log.warn({ reason: reasonOf(error), configMap: GATEWAY.failuresConfigMap }, ALONE)
        failing = true
      },
    },
    signal,
    async () => {
      if (!view.failures.ready()) return
      const change = decideLines(shown(), replica, throttle.said(now()), now())
      if (change) {
        await core.patchNamespacedConfigMap(
          {
            namespace: NAMESPACES.system,
            name: GATEWAY.failuresConfigMap,
            body: { data: change },
            fieldManager: FIELD_MANAGERS.gateway,
          },
          setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        )
      }
      if (failing)
        log.info({ configMap: GATEWAY.failuresConfigMap }, 'failed logins are counted together again')
      failing = false
    },
  )
}

const ALONE =
  'failed logins cannot be told to the other replicas, each counts its own until it is tried again: if the ConfigMap is not there, docs/secrets.md, "Run it again"'

/** What is to be written: this replica's own lines, and the lines of replicas that are gone, once they count no more. */
export function decideLines(
  shown: Readonly<Record<string, string>>,
  replica: string,
  said: string,
  now: number,
): Readonly<Record<string, string | null>> | undefined {
  const gone = Object.entries(shown)
    .filter(([name, text]) => name !== replica && failuresIn(text).every(({ at }) => now - at > longest()))
    .map(([name]) => [name, null] as const)
  const own = (shown[replica] ?? '') === said ? [] : [[replica, said === '' ? null : said] as const]
  return gone.length + own.length > 0 ? Object.fromEntries([...gone, ...own]) : undefined
}
