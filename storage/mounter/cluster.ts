import { ApiException, CoreV1Api, CustomObjectsApi, type KubeConfig, Watch } from '@kubernetes/client-node'
import { z } from 'zod'
import { UUID_PATTERN } from '../../config/home-marker.ts'
import {
  API_GROUP as group,
  HOME_READY,
  homeClaim,
  IDENTITY,
  LOGIN_PATTERN,
  NAMESPACES,
  SLUG_PATTERN,
  API_VERSION as version,
} from '../../config/names.ts'
import { keptClient } from '../../lease/kept-client.ts'

const namespace = NAMESPACES.desktops

/** Whose home a pod may be shown: only what may safely become a path. */
const Ready = z.object({
  spec: z.object({
    login: z.string().regex(LOGIN_PATTERN),
    entryUUID: z.string().toLowerCase().regex(UUID_PATTERN),
  }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) }),
})

export interface MounterCluster {
  /** Slugs whose home some pod of this PC uses, ended pods included until they are deleted. */
  used(): Promise<Set<string>>
  /** The person of that slug; undefined when there is none, or their home is not ready. */
  ready(slug: string): Promise<{ readonly login: string; readonly entryUUID: string } | undefined>
  /** Calls `changed` whenever a pod of this PC comes, goes or changes, until the signal aborts or the watch ends. */
  watch(changed: () => void, signal: AbortSignal): Promise<void>
}

const HOME = new RegExp(`^${homeClaim('')}`)

export function mounterCluster(config: KubeConfig, node: string): MounterCluster {
  const core = keptClient(config, CoreV1Api)
  const custom = keptClient(config, CustomObjectsApi)
  const fieldSelector = `spec.nodeName=${node}`
  return {
    async used() {
      const { items } = await core.listNamespacedPod({ namespace, fieldSelector })
      const claims = items
        .flatMap(({ spec }) => spec?.volumes ?? [])
        .flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])
      return new Set(
        claims
          .filter((name) => HOME.test(name))
          .map((name) => name.replace(HOME, ''))
          .filter((slug) => SLUG_PATTERN.test(slug)),
      )
    },
    async ready(name) {
      const request = { group, version, plural: IDENTITY.plural, name }
      const found = await custom.getClusterCustomObject(request).catch((error) => {
        if (error instanceof ApiException && error.code === 404) return undefined
        throw error
      })
      const read = Ready.safeParse(found)
      if (!read.success) return undefined
      const { spec, status } = read.data
      const isReady = status.conditions.some((one) => one.type === HOME_READY && one.status === 'True')
      return isReady && spec.login !== '.' && spec.login !== '..' ? spec : undefined
    },
    async watch(changed, signal) {
      if (signal.aborted) return
      await new Promise<void>((done) => {
        const path = `/api/v1/namespaces/${namespace}/pods`
        new Watch(config)
          .watch(path, { fieldSelector, timeoutSeconds: 240 }, changed, () => done())
          .then(
            (request) => signal.addEventListener('abort', () => request.abort(), { once: true }),
            () => done(),
          )
      })
    },
  }
}
