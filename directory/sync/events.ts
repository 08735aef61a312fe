import { createHash } from 'node:crypto'
import { ApiException, CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { FIELD_MANAGERS, IDENTITIES_CONFIG_MAP, NAMESPACES } from '../../config/names.ts'
import { keptClient } from '../../lease/kept-client.ts'
import type { Finding } from '../findings.ts'

/** So many at once, and a last one for the rest: a directory full of unfit entries must not flood the API server. */
const MOST = 20

/**
 * Writes refusals as Events on the ConfigMap, where `kubectl describe` shows them. Named by what they say, so that
 * the same one is not written twice while the API server remembers it.
 *
 * @param failed Told of a failure; the sync goes on without the Event.
 */
export async function tellEvents(
  config: KubeConfig,
  news: readonly Finding[],
  at: Date,
  failed: (error: unknown) => void,
): Promise<void> {
  const core = keptClient(config, CoreV1Api)
  const rest = news.length - MOST
  const told: Finding[] = news.slice(0, MOST)
  if (rest > 0) {
    const message = `${rest} more entries are refused; the log of the identity sync names them`
    told.push({ reason: 'EntryUnreadable', subject: 'identities', message })
  }
  for (const { reason, message } of told) {
    const name = `${IDENTITIES_CONFIG_MAP}.${createHash('sha256').update(`${reason} ${message}`).digest('hex').slice(0, 16)}`
    const namespace = NAMESPACES.system
    await core
      .createNamespacedEvent({
        namespace,
        body: {
          metadata: { name, namespace },
          involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: IDENTITIES_CONFIG_MAP },
          type: 'Warning',
          reason,
          message: message.slice(0, 1_000),
          source: { component: FIELD_MANAGERS.identitySync },
          reportingComponent: FIELD_MANAGERS.identitySync,
          firstTimestamp: at,
          lastTimestamp: at,
          count: 1,
        },
      })
      .catch((error) => {
        if (!(error instanceof ApiException && error.code === 409)) failed(error)
      })
  }
}
