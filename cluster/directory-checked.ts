import { CoreV1Api, type KubeConfig, type V1ConfigMap } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { DIRECTORY_CHECKED, NAMESPACES } from '../config/names.ts'
import type { Clock } from '../service/clock.ts'
import { keptClient } from './client.ts'
import { watch } from './watch.ts'

/** When the identity sync last read everybody and published what it read, kept current. */
export interface DirectoryChecked {
  /**
   * Ms since the epoch. What was told last stays told; where nothing ever was, the time at which this process first asked:
   * a room that is only being updated is not refused at once, and one whose sync never tells is in the end.
   */
  at(): number
  ready(): boolean
  stop(): Promise<void>
}

/** Needs `list` and `watch` on the one ConfigMap. */
export function watchDirectoryChecked(
  config: KubeConfig,
  log: Logger,
  clock: Pick<Clock, 'wall'>,
): DirectoryChecked {
  const core = keptClient(config, CoreV1Api)
  const { configMap, key } = DIRECTORY_CHECKED
  const namespace = NAMESPACES.system
  const fieldSelector = `metadata.name=${configMap}`
  let last = clock.wall().getTime()
  const watched = watch(
    config,
    {
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      list: (page) => core.listNamespacedConfigMap({ namespace, fieldSelector, ...page }),
      fieldSelector,
      keep({ data }: V1ConfigMap) {
        const at = Date.parse(data?.[key] ?? '')
        return Number.isNaN(at) ? undefined : at
      },
    },
    log,
  )
  watched.onChange(() => {
    last = watched.get(configMap) ?? last
  })
  return { at: () => watched.get(configMap) ?? last, ready: watched.ready, stop: watched.stop }
}
