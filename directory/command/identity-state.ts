import { ApiException, CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node'
import { z } from 'zod'
import { API_GROUP as group, IDENTITY, slugOf, API_VERSION as version } from '../../config/names.ts'

const Stored = z.object({
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') }))
        .default([]),
    })
    .optional(),
})

/** What the cluster knows of somebody, in words: whether admission lets them in, and whether their home is there. */
export async function identityState(
  cluster: KubeConfig,
  login: string,
): Promise<{ identity: string; published: string; homeReady: string }> {
  const name = slugOf(login)
  const custom = cluster.makeApiClient(CustomObjectsApi)
  try {
    const found = await custom.getClusterCustomObject({ group, version, plural: IDENTITY.plural, name })
    const conditions = Stored.parse(found).status?.conditions ?? []
    const say = (type: string): string => {
      const one = conditions.find((condition) => condition.type === type)
      if (!one) return 'not yet'
      return one.status === 'True' ? 'yes' : `no${one.message ? ` (${one.message})` : ''}`
    }
    return { identity: name, published: say('Published'), homeReady: say('HomeReady') }
  } catch (error) {
    if (!(error instanceof ApiException && error.code === 404)) throw error
    return {
      identity: 'not in the cluster yet; the identity sync publishes it within seconds',
      published: 'no',
      homeReady: 'no',
    }
  }
}
