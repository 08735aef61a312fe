import type { CoreV1Api } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import type { Observed } from './facts.ts'
import { PLACES, type Wanted } from './wanted.ts'

/** Reads what stands at each place. */
export async function observe(api: CoreV1Api): Promise<Observed> {
  const seen: Partial<Record<Wanted, Record<string, string>>> = {}
  for (const wanted of Object.keys(PLACES).filter(isWanted)) {
    const data =
      PLACES[wanted].kind === 'ConfigMap' ? await configMap(api, wanted) : await secret(api, wanted)
    if (data !== undefined) seen[wanted] = data
  }
  return seen
}

const isWanted = (key: string): key is Wanted => Object.hasOwn(PLACES, key)

async function secret(api: CoreV1Api, wanted: Wanted): Promise<Record<string, string> | undefined> {
  const found = await unless(404, () => api.readNamespacedSecret(PLACES[wanted]))
  if (found === undefined) return undefined
  const decode = (value: string): string => Buffer.from(value, 'base64').toString('utf8')
  return Object.fromEntries(Object.entries(found.data ?? {}).map(([key, value]) => [key, decode(value)]))
}

async function configMap(api: CoreV1Api, wanted: Wanted): Promise<Record<string, string> | undefined> {
  const found = await unless(404, () => api.readNamespacedConfigMap(PLACES[wanted]))
  return found === undefined ? undefined : { ...found.data }
}
