import type { CoreV1Api } from '@kubernetes/client-node'
import { z } from 'zod'
import { unless } from '../../cluster/answer.ts'
import { ETCD_COPIES, NAMESPACES } from '../../config/names.ts'

/** What the cluster knows of the newest copy that was proven: by it is judged whether a crowning has a way back. */
const Newest = z.object({
  name: z.string(),
  at: z.iso.datetime(),
  revision: z.int(),
  /** SHA-256 of the file, in hex: for whoever fetches it. */
  sha256: z.string(),
  /** PCs that have it. */
  places: z.array(z.string()),
})
export type Newest = z.output<typeof Newest>

const { configMap: name, key } = ETCD_COPIES
const namespace = NAMESPACES.crown

/** Undefined where there is none, or what stands there is no such thing. */
export async function readNewest(core: CoreV1Api): Promise<Newest | undefined> {
  const found = await unless(404, () => core.readNamespacedConfigMap({ name, namespace }))
  try {
    return Newest.parse(JSON.parse(found?.data?.[key] ?? ''))
  } catch {
    return undefined
  }
}

/** Of two that are written at once the later one stays: both are proven. */
export async function writeNewest(core: CoreV1Api, newest: Newest): Promise<void> {
  const data = { [key]: JSON.stringify(newest) }
  const body = { metadata: { name }, data }
  const created = await unless(409, () => core.createNamespacedConfigMap({ namespace, body }))
  if (created === undefined) await core.replaceNamespacedConfigMap({ name, namespace, body })
}
