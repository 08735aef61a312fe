import type { CoreV1Api, V1Secret } from '@kubernetes/client-node'
import { unless } from '../cluster/answer.ts'
import { swap } from '../cluster/swap.ts'
import { ROTATE } from '../config/labels.ts'
import type { Pair } from './issue.ts'
import type { SignedState } from './leaf.ts'

/** Where a pair is kept: a Secret of type kubernetes.io/tls. */
export interface Place {
  readonly namespace: string
  readonly name: string
}

/** A Secret that holds something else than it should. It is never replaced: only a person knows what it was. */
export class DamagedSecret extends Error {
  constructor({ namespace, name }: Place, fault: string) {
    super(
      `The Secret ${namespace}/${name} is not usable: ${fault}. Restore it from a backup, or remove it with ` +
        `\`kubectl -n ${namespace} delete secret ${name}\`; a new one is made within seconds.`,
    )
    this.name = 'DamagedSecret'
  }
}

const TLS_TYPE = 'kubernetes.io/tls'

/** What an authority signs, as {@link holdSigned} needs to know it. */
export interface Signed {
  readonly fresh: (now: Date) => Promise<Pair>
  readonly judge: (pair: Pair, now: Date) => SignedState
  /** What stands in the Secret besides, by its key: `ca.crt` for who serves and calls with it. */
  readonly beside?: Readonly<Record<string, string>>
}

/** What is kept, and whether it was there. */
export interface Held {
  readonly pair: Pair
  readonly did: 'found' | 'made' | 'renewed'
}

/**
 * A leaf or an intermediate: read, made when there is none, and made anew when it is stale or an administrator asks for it.
 *
 * @param wanted asked after the Secret was read and before it is written: what is written then is never older than what
 *   somebody else has written meanwhile.
 */
export async function holdSigned(
  api: CoreV1Api,
  place: Place,
  wanted: () => Promise<Signed>,
  now: () => Date,
): Promise<Held> {
  let held: Held | undefined
  let absent = false
  const { state } = await swap<V1Secret>({
    async read() {
      const found = await find(api, place)
      if (found) return found
      absent = true
      const { fresh, beside = {} } = await wanted()
      return await create(api, place, { ...dataOf(await fresh(now())), ...encoded(beside) })
    },
    async change(secret) {
      if (!secret) return undefined
      const pair = pairIn(secret, place)
      const { fresh, judge, beside = {} } = await wanted()
      const judged = judge(pair, now())
      if (judged.state === 'broken') throw new DamagedSecret(place, judged.why)
      const told = encoded(beside)
      const { [ROTATE]: asked, ...annotations } = secret.metadata?.annotations ?? {}
      const lacks = Object.entries(told).some(([key, value]) => secret.data?.[key] !== value)
      if (judged.state === 'stale' || asked !== undefined) {
        const metadata = { ...secret.metadata, annotations: ofNobodyElse(annotations) }
        return { ...secret, metadata, data: { ...secret.data, ...dataOf(await fresh(now())), ...told } }
      }
      if (lacks) return { ...secret, data: { ...secret.data, ...told } }
      held = { pair, did: absent ? 'made' : 'found' }
      return undefined
    },
    async write(body) {
      const written = await unless(409, () => api.replaceNamespacedSecret({ ...place, body }))
      if (written) held = { pair: pairIn(written, place), did: 'renewed' }
      return written
    },
  })
  if (state !== 'contended' && held) return held
  throw new Error(
    `The Secret ${place.namespace}/${place.name} changes faster than it can be read: two programs with different ` +
      'settings keep it.',
  )
}

/** Without what cert-manager noted of a certificate that it had laid there before. */
const ofNobodyElse = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith('cert-manager.io/')))

/** The Secret at a place; undefined where there is none. */
export async function find(api: CoreV1Api, place: Place): Promise<V1Secret | undefined> {
  return unless(404, () => api.readNamespacedSecret(place))
}

/** Creates the Secret, or reads the one of whoever was faster. */
export async function create(api: CoreV1Api, place: Place, data: Record<string, string>): Promise<V1Secret> {
  const body = { metadata: { ...place }, type: TLS_TYPE, data }
  const created = await unless(409, () => api.createNamespacedSecret({ namespace: place.namespace, body }))
  return created ?? (await api.readNamespacedSecret(place))
}

const encode = (text: string): string => Buffer.from(text).toString('base64')

const encoded = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, encode(text)]))

const dataOf = ({ certificate, key }: Pair): Record<string, string> =>
  encoded({ 'tls.crt': certificate, 'tls.key': key })

/** @throws DamagedSecret when it holds no pair. */
export function pairIn(secret: V1Secret, place: Place): Pair {
  const [certificate, key] = ['tls.crt', 'tls.key'].map((item) =>
    Buffer.from(secret.data?.[item] ?? '', 'base64').toString('utf8'),
  )
  if (certificate && key) return { certificate, key }
  throw new DamagedSecret(place, 'tls.crt or tls.key is missing')
}
