import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node'
import { keptClient } from '../../cluster/client.ts'
import { type ToldGuard, toldGuard } from '../../cluster/control-plane-guard.ts'

/** Ms. Nobody who reloads a page, or asks for metrics, makes the API server read more often than this. */
const KEPT = 5_000

/**
 * How the masters stand, as it was read within the last seconds; undefined where nobody watches over them. It is asked for when
 * somebody looks: the orchestrator writes it many times a minute, and most replicas have nobody who looks.
 */
export function openGuard(
  cluster: KubeConfig,
  monotonic: () => number,
): () => Promise<ToldGuard | undefined> {
  const custom = keptClient(cluster, CustomObjectsApi)
  let kept: { readonly read: Promise<ToldGuard | undefined>; readonly at: number } | undefined
  return () => {
    if (kept === undefined || monotonic() - kept.at > KEPT)
      kept = { read: toldGuard(custom), at: monotonic() }
    return kept.read
  }
}
