import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { keptClient } from '../cluster/client.ts'
import { watch } from '../cluster/watch.ts'
import { type Bell, newBell } from '../service/turns.ts'
import type { Place } from './hold.ts'

/** Tells whoever serves by a Secret that it has changed. */
export interface News {
  readonly bell: Bell
  stop(): Promise<void>
}

/**
 * Rings at once whenever one of these Secrets changes. What it holds is not kept: who hears it reads it anew. Needs
 * `list` and `watch` on each of them by its name.
 */
export function watchSecrets(cluster: KubeConfig, places: readonly Place[], log: Logger): News {
  const core = keptClient(cluster, CoreV1Api)
  const bell = newBell()
  const watches = places.map(({ namespace, name }) => {
    const fieldSelector = `metadata.name=${name}`
    const watched = watch(
      cluster,
      {
        path: `/api/v1/namespaces/${namespace}/secrets`,
        list: (page) => core.listNamespacedSecret({ namespace, fieldSelector, ...page }),
        fieldSelector,
        keep: () => undefined,
      },
      log,
    )
    watched.onChange(bell.ring)
    return watched
  })
  return { bell, stop: async () => void (await Promise.all(watches.map((one) => one.stop()))) }
}
