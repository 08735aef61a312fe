import type { CoreV1Api } from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { find } from '../hold.ts'
import { holdStanding, type Standing } from '../standing.ts'
import { KEPT, TRUST } from './places.ts'

/**
 * The authority of the Gluster pool, which vouches for PCs and nothing else. Nothing outside of the pool trusts it: whoever
 * has its key reads and writes every home.
 */
const POOL = { name: 'Deskfleet authority of the Gluster pool' } as const

/**
 * How it stands; the first one is made. Another one never takes the place of one that PCs trust: at that moment they would
 * begin to refuse each other.
 *
 * @throws where it is gone, with the mend: PCs go on with what they have, for a year at least.
 */
export async function holdPool(
  api: CoreV1Api,
  now: () => Date,
): Promise<{ standing: Standing; did: 'found' | 'made' }> {
  // Read first: it is told after the authority was made, so where it is told and there is none, that was lost.
  const told = await unless(404, () => api.readNamespacedConfigMap(TRUST.pool))
  if (told?.data?.['ca.crt'] && !(await find(api, KEPT.pool))) throw new Error(LOST)
  return await holdStanding(api, KEPT.pool, POOL, now)
}

const { pool: secret } = KEPT
const { pool: trust } = TRUST
const LOST =
  `The Secret ${secret.namespace}/${secret.name} is gone, and PCs trust that authority: restore it from a backup. Without ` +
  `one, choose a time when nobody works, remove its certificate with \`kubectl -n ${trust.namespace} delete configmap ` +
  `${trust.name}\`, and restart Gluster on all PCs when they have the certificates of the next one.`
