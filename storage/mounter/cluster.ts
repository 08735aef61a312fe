import {
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type V1Pod,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { keptClient } from '../../cluster/client.ts'
import { homeState, logUnreadable, oneIdentity } from '../../cluster/identities.ts'
import { watch } from '../../cluster/watch.ts'
import { UUID_PATTERN } from '../../config/home-marker.ts'
import { FIELD_MANAGERS, homeClaim, NAMESPACES, SLUG_PATTERN } from '../../config/names.ts'
import { placeRecords } from '../places/cluster.ts'
import type { Side } from '../places/facts.ts'

const namespace = NAMESPACES.desktops

/** Whose home a pod is shown. Both become parts of paths. */
export interface ReadyHome {
  readonly login: string
  /** Small letters. */
  readonly entryUUID: string
}

export interface MounterCluster {
  /** Whether the pods of this PC have been read. */
  readable(): boolean
  /** Slugs whose home some pod of this PC uses, ended pods included until they are deleted. */
  used(): Set<string>
  /**
   * On which of two storages that home, or the shared folder, lies now; undefined where nobody has said it, and while it
   * is being moved. Asked of the API server after the pod was seen: so the mover, which takes hold first and looks for pods
   * then, knows of the pod, or the pod's mounter knows of the hold.
   */
  side(name: string): Promise<Side | undefined>
  /** The person of that slug; undefined when there is none, or their home is not ready. */
  ready(slug: string): Promise<ReadyHome | undefined>
  /** Calls back whenever a pod of this PC comes, goes or changes. */
  onChange(changed: () => void): void
  stop(): Promise<void>
}

/** What one PC may know of the others. */
export interface OtherPcs {
  /** When the kubelet of each other PC renewed its Lease last, as that says it. */
  heartbeats(): Promise<ReadonlyMap<string, string>>
  /** Slugs whose home some pod of that PC uses. */
  usedOn(pc: string): Promise<string[]>
}

const HOME = new RegExp(`^${homeClaim('')}`)

/** What of a pod matters here: the slugs of the homes that it uses. */
const homesIn = (claims: readonly string[]): string[] =>
  claims
    .filter((name) => HOME.test(name))
    .map((name) => name.replace(HOME, ''))
    .filter((slug) => SLUG_PATTERN.test(slug))

const homesOf = ({ spec }: V1Pod): string[] =>
  homesIn(
    (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []),
  )

/** Where kubelets say that they live. */
const HEARTBEATS = 'kube-node-lease'

export function mounterCluster(cluster: KubeConfig, node: string, log: Logger): MounterCluster & OtherPcs {
  const core = keptClient(cluster, CoreV1Api)
  const custom = keptClient(cluster, CustomObjectsApi)
  const leases = keptClient(cluster, CoordinationV1Api)
  const fieldSelector = `spec.nodeName=${node}`
  const pods = watch(
    cluster,
    {
      path: `/api/v1/namespaces/${namespace}/pods`,
      list: (page) => core.listNamespacedPod({ namespace, fieldSelector, ...page }),
      fieldSelector,
      keep: homesOf,
    },
    log,
  )
  const unreadable = logUnreadable(log)
  const records = placeRecords(cluster, FIELD_MANAGERS.mover)
  return {
    readable: pods.ready,
    used: () => new Set(pods.all().flat()),
    async ready(slug) {
      const identity = await oneIdentity(custom, slug, unreadable)
      if (!identity || homeState(identity) !== 'ready') return undefined
      const { login, entryUUID } = identity.spec
      return UUID_PATTERN.test(entryUUID.toLowerCase())
        ? { login, entryUUID: entryUUID.toLowerCase() }
        : undefined
    },
    async side(name) {
      const place = await records.one(name)
      return place === undefined || place.held !== undefined ? undefined : place.side
    },
    async heartbeats() {
      // As its cache has it: the same to all PCs, and no question to etcd.
      const { items } = await leases.listNamespacedLease({ namespace: HEARTBEATS, resourceVersion: '0' })
      return new Map(
        items.flatMap(({ metadata, spec }) =>
          metadata?.name === undefined || metadata.name === node
            ? []
            : [[metadata.name, String(new Date(spec?.renewTime ?? 0).getTime())] as const],
        ),
      )
    },
    async usedOn(pc) {
      const { items } = await core.listNamespacedPod({ namespace, fieldSelector: `spec.nodeName=${pc}` })
      return items.flatMap(homesOf)
    },
    onChange: pods.onChange,
    stop: pods.stop,
  }
}
