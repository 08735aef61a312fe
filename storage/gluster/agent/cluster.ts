import { isDeepStrictEqual } from 'node:util'
import {
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesObject,
  type V1Node,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import { hasCode, reasonOf, unless } from '../../../cluster/answer.ts'
import { keptClient } from '../../../cluster/client.ts'
import { listedObjects } from '../../../cluster/custom-objects.ts'
import { listPages } from '../../../cluster/pages.ts'
import { type Watched, watch } from '../../../cluster/watch.ts'
import { BRICK } from '../../../config/labels.ts'
import {
  FIELD_MANAGERS,
  GLUSTER,
  GLUSTER_BRICK,
  GLUSTER_VOLUME,
  API_GROUP as group,
  NAMESPACES,
  API_VERSION as version,
} from '../../../config/names.ts'
import type { OwnFacts } from '../pc/facts.ts'
import type { Pc } from '../plan/facts.ts'
import type { VolumeStatus } from './status.ts'
import { readBrick, readVolume, type StoredBrick, type StoredVolume } from './stored.ts'

const namespace = NAMESPACES.storage
const fieldManager = FIELD_MANAGERS.gluster
const VOLUMES = { group, version, namespace, plural: GLUSTER_VOLUME.plural } as const
const BRICKS = { group, version, namespace, plural: GLUSTER_BRICK.plural } as const

/** The cluster, as far as the agents of Gluster read and write it. */
export interface GlusterCluster {
  /** @throws when there is none, or none that this program understands */
  volume(): Promise<StoredVolume>
  /** All PCs of the room. */
  pcs(): Promise<readonly Pc[]>
  /** Writes over exactly the state that was read; undefined when somebody else was faster. */
  write(
    over: StoredVolume,
    status: VolumeStatus | NonNullable<StoredVolume['status']>,
  ): Promise<StoredVolume | undefined>
  /**
   * Tells what this PC's agent saw of it; makes its GlusterBrick where there is none. Resolves with what the administrator
   * wants of the PC.
   */
  publish(me: string, status: BrickStatus): Promise<{ readonly retiring: boolean }>
}

/** What the status of a GlusterBrick says. */
export type BrickStatus = StoredBrick['status']

export function glusterCluster(config: KubeConfig): GlusterCluster {
  const core = keptClient(config, CoreV1Api)
  const custom = keptClient(config, CustomObjectsApi)
  return {
    async volume() {
      return readVolume(await custom.getNamespacedCustomObject({ ...VOLUMES, name: GLUSTER.volume }))
    },
    async pcs() {
      const [nodes, bricks] = await Promise.all([
        listPages((page) => core.listNode(page)),
        custom.listNamespacedCustomObject(BRICKS),
      ])
      return pcsOf(nodes.items, Listed.parse(bricks).items)
    },
    async write(over, status) {
      const { name, resourceVersion } = over.metadata
      const body = {
        apiVersion: `${group}/${version}`,
        kind: GLUSTER_VOLUME.kind,
        metadata: { name, namespace, resourceVersion },
        status,
      }
      const written = await unless(409, () =>
        custom.replaceNamespacedCustomObjectStatus({ ...VOLUMES, name, body, fieldManager }),
      )
      return written === undefined ? undefined : readVolume(written)
    },
    async publish(name, status) {
      const head = { apiVersion: `${group}/${version}`, kind: GLUSTER_BRICK.kind }
      const found = await custom.getNamespacedCustomObject({ ...BRICKS, name }).catch((error: unknown) => {
        if (hasCode(error, 404)) return undefined
        throw error
      })
      const known = readBrick(found) ?? readBrick(await make())
      if (known === undefined) throw new Error(`the GlusterBrick ${name} cannot be read`)
      if (!isDeepStrictEqual(known.status, status)) {
        const { resourceVersion } = known.metadata
        const body = { ...head, metadata: { name, namespace, resourceVersion }, status }
        await custom.replaceNamespacedCustomObjectStatus({ ...BRICKS, name, body, fieldManager })
      }
      return { retiring: known.spec.retiring }

      async function make(): Promise<unknown> {
        const node = await core.readNode({ name })
        // It goes when its Node is deleted.
        const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid: node.metadata?.uid ?? '' }]
        const body = { ...head, metadata: { name, namespace, ownerReferences }, spec: {} }
        return await custom.createNamespacedCustomObject({ ...BRICKS, body, fieldManager })
      }
    },
  }
}

const Listed = z.object({ items: z.array(z.unknown()) })

/** Nodes and what their agents say. Pure. */
export function pcsOf(nodes: readonly V1Node[], bricks: readonly unknown[]): Pc[] {
  const said = new Map(
    bricks.flatMap((one): [string, StoredBrick][] => {
      const brick = readBrick(one)
      return brick === undefined ? [] : [[brick.metadata.name, brick]]
    }),
  )
  return nodes.map((node) => {
    const name = node.metadata?.name ?? ''
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
    const brick = said.get(name)
    const has = node.metadata?.labels?.[BRICK] === 'true'
    return {
      name,
      ready: ready?.status === 'True',
      since: ready?.lastTransitionTime && new Date(ready.lastTransitionTime).getTime(),
      open: node.spec?.unschedulable !== true,
      retiring: brick?.spec.retiring ?? false,
      brick: has ? (brick?.status.brick ?? 'unread') : 'none',
      uuid: brick?.status.uuid,
      epoch: brick?.status.epoch ?? 0,
    }
  })
}

/** What an agent says of its own PC. */
export function saidOf({ brick, pool, memory }: OwnFacts): BrickStatus {
  const epoch = memory === 'unread' ? 1 : memory.epoch
  return {
    ...(brick === 'unread' ? {} : { brick: { ...brick, free: roughly(brick.free, brick.bytes) } }),
    ...(pool.uuid === undefined ? {} : { uuid: pool.uuid }),
    epoch: pool.known ? Math.max(1, epoch) : 0,
  }
}

/** To a hundredth of the whole: so that not every byte that somebody writes is told. */
const roughly = (free: number, bytes: number): number => {
  const part = Math.max(1, Math.floor(bytes / 100))
  return Math.floor(free / part) * part
}

/** The volume, kept current; undefined until it was seen, and where it cannot be understood. */
export function watchVolume(
  config: KubeConfig,
  log: Logger,
): Pick<Watched<unknown>, 'onChange' | 'stop'> & { readonly volume: () => StoredVolume | undefined } {
  const custom = keptClient(config, CustomObjectsApi)
  const fieldSelector = `metadata.name=${GLUSTER.volume}`
  const volumes = watch(
    config,
    {
      path: `/apis/${group}/${version}/namespaces/${namespace}/${GLUSTER_VOLUME.plural}`,
      list: async (page) =>
        listedObjects(await custom.listNamespacedCustomObject({ ...VOLUMES, fieldSelector, ...page })),
      fieldSelector,
      keep(object: KubernetesObject): StoredVolume | undefined {
        try {
          return readVolume(object)
        } catch (error) {
          log.error({ reason: reasonOf(error) }, 'the GlusterVolume cannot be read: this PC stays as it is')
          return undefined
        }
      },
    },
    log,
  )
  return {
    volume: () => volumes.get(GLUSTER.volume),
    onChange: volumes.onChange,
    stop: volumes.stop,
  }
}
