import type { CoreV1Api, V1ConfigMap, V1Secret } from '@kubernetes/client-node'
import { z } from 'zod'
import { unless } from '../../cluster/answer.ts'
import { listPages } from '../../cluster/pages.ts'
import { swap } from '../../cluster/swap.ts'
import { find } from '../hold.ts'
import type { Pair } from '../issue.ts'
import { isListOf, newRevocations, revokedBy } from '../revocation.ts'
import { KEPT, TRUST } from './places.ts'

/**
 * A PC whose Node was deleted still has its key and a certificate that is good for years. So the keeper writes down, before
 * it gives a certificate, to which PC; and when that PC is none of the room any more, it tells all that it counts no more.
 * One that joins again is another PC: its mounter sees that its certificate is on the list, and asks for another one.
 */

/** A certificate that was given. */
export interface Given {
  /** As hex. */
  readonly serial: string
  readonly node: string
  /** Of its Node; undefined where the API server did not say. */
  readonly uid: string | undefined
  /** When it ends, ms since 1970. */
  readonly until: number
}

/** A PC of the room. */
export interface Present {
  readonly name: string
  readonly uid: string
}

/** Serials of the certificates that count no more, of those that have not ended. Pure. */
export function departed(
  given: readonly Given[],
  present: readonly Present[],
  before: readonly string[],
  now: number,
): string[] {
  const isHere = ({ node, uid }: Given): boolean =>
    present.some((pc) => pc.name === node && (uid === undefined || pc.uid === uid))
  return given
    .filter(({ until }) => until > now)
    .filter((one) => before.includes(one.serial) || !isHere(one))
    .map(({ serial }) => serial)
    .sort()
}

const Givens = z.array(
  z.object({ serial: z.string(), node: z.string(), uid: z.string().optional(), until: z.number() }),
)

/** In the Secret of the pool's authority: whoever has that has what it vouched for. */
const GIVEN = 'given.json'
/** In its ConfigMap. */
const LIST = 'ca.crl'

/** @throws where it cannot be read: what was given once must not be forgotten */
function givenIn(secret: V1Secret | undefined): Given[] {
  const text = Buffer.from(secret?.data?.[GIVEN] ?? '', 'base64').toString('utf8')
  return Givens.parse(JSON.parse(text || '[]')).map((one) => ({ ...one, uid: one.uid }))
}

/** Writes down that a certificate is about to be given. @throws when that is not possible: then it must not be given */
export async function writeDown(api: CoreV1Api, one: Given, now: number): Promise<void> {
  const { state } = await swap<V1Secret>({
    read: () => find(api, KEPT.pool),
    change(live) {
      if (live === undefined) throw new Error('the authority of the pool is gone')
      const given = [...givenIn(live).filter(({ until }) => until > now), one]
      return {
        ...live,
        data: { ...live.data, [GIVEN]: Buffer.from(JSON.stringify(given)).toString('base64') },
      }
    },
    write: (body) => unless(409, () => api.replaceNamespacedSecret({ ...KEPT.pool, body })),
  })
  if (state === 'contended')
    throw new Error('the authority of the pool changes faster than it can be written')
}

/** Keeps the list of certificates that count no more. Resolves with how many have been added. */
export async function keepRevocations(
  api: CoreV1Api,
  authority: () => Promise<Pair>,
  now: () => Date,
): Promise<number> {
  const place = TRUST.pool
  let added = 0
  const { state } = await swap<V1ConfigMap>({
    read: () => unless(404, () => api.readNamespacedConfigMap(place)),
    async change(live) {
      if (live === undefined) return undefined
      const list = live.data?.[LIST]
      const before = list === undefined ? [] : revokedBy(list)
      const given = givenIn(await find(api, KEPT.pool))
      // Read after what was given: whoever was given one was there by then.
      const { items } = await listPages((page) => api.listNode(page))
      const present = items.map(({ metadata }) => ({ name: metadata?.name ?? '', uid: metadata?.uid ?? '' }))
      const after = departed(given, present, before, now().getTime())
      added = after.filter((serial) => !before.includes(serial)).length
      const ours = await authority()
      if (list !== undefined && added === 0 && (await isListOf(ours.certificate, list))) return undefined
      return {
        ...live,
        data: { ...live.data, [LIST]: await newRevocations(ours, after, list, now()) },
      }
    },
    write: (body) => unless(409, () => api.replaceNamespacedConfigMap({ ...place, body })),
  })
  if (state === 'contended')
    throw new Error(`The ConfigMap ${place.namespace}/${place.name} changes faster than it can be written.`)
  return added
}
