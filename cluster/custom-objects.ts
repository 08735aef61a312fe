import type { KubernetesListObject, KubernetesObject } from '@kubernetes/client-node'
import { z } from 'zod'

const Named = z.object({ metadata: z.object({ name: z.string() }) })

const Listed = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.custom<KubernetesObject>((item) => Named.safeParse(item).success)),
})

/** A list of custom objects as the API server answers it, of which its client knows no type. @throws when it is none */
export function listedObjects(raw: unknown): KubernetesListObject<KubernetesObject> {
  const { metadata, items } = Listed.parse(raw)
  const { resourceVersion, continue: _continue } = metadata
  return { items, metadata: { resourceVersion, ...(_continue ? { _continue } : {}) } }
}
