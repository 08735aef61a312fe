import type { CoreV1Api, V1Secret } from '@kubernetes/client-node'
import { unless } from '../cluster/answer.ts'
import { AUTHORITY, NAMESPACES } from '../config/names.ts'
import { type Place, pairIn } from './hold.ts'
import type { Pair } from './issue.ts'
import { readPair } from './pair.ts'

/**
 * A certificate that the keeper makes and makes anew, for who serves with it. Who serves may read this one Secret, and
 * neither write it nor see the authority's key.
 *
 * @throws while it is absent or not usable: to be tried again, since the keeper mends it.
 */
export async function readKept(api: CoreV1Api, place: Place): Promise<Pair> {
  return usable(await read(api, place), place)
}

/** The same for who calls with it, with the authority that vouches for it. PEM. @throws as {@link readKept} */
export async function readCaller(api: CoreV1Api, place: Place): Promise<Pair & { authority: string }> {
  const secret = await read(api, place)
  const authority = Buffer.from(secret.data?.['ca.crt'] ?? '', 'base64').toString('utf8')
  if (!authority)
    throw new Error(`The Secret ${place.namespace}/${place.name} is not usable: ca.crt is missing`)
  return { ...usable(secret, place), authority }
}

async function read(api: CoreV1Api, place: Place): Promise<V1Secret> {
  const secret = await unless(404, () => api.readNamespacedSecret(place))
  if (!secret)
    throw new Error(
      `The Secret ${place.namespace}/${place.name} is not there yet: ${AUTHORITY.keeper} makes it within seconds; if it does not, ` +
        `see \`kubectl -n ${NAMESPACES.system} logs deployment/${AUTHORITY.keeper}\`; where cert-manager vouches inside, ` +
        `\`kubectl -n ${place.namespace} describe certificate ${place.name}\``,
    )
  return secret
}

function usable(secret: V1Secret, place: Place): Pair {
  const pair = pairIn(secret, place)
  const parsed = readPair(pair)
  if ('fault' in parsed)
    throw new Error(`The Secret ${place.namespace}/${place.name} is not usable: ${parsed.fault}`)
  return pair
}
