import { ApiException, type CoreV1Api, type V1Secret } from '@kubernetes/client-node'
import { authorityFault, newAuthority, type Pair } from './authority.ts'
import { judgeLeaf, newLeaf } from './leaf.ts'

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

/** When two replicas make the same leaf anew at once, each loser looks again; more than this is a fight. */
const TURNS = 5

/** The cluster's authority: read, or made when there is none. Of several that start at once, all get the same. */
export async function holdAuthority(api: CoreV1Api, place: Place, now: () => Date): Promise<Pair> {
  const secret =
    (await find(api, place)) ?? (await create(api, place, await newAuthority(AUTHORITY_NAME, now())))
  const pair = pairIn(secret, place)
  const fault = authorityFault(pair, now())
  if (fault) throw new DamagedSecret(place, fault)
  return pair
}

const AUTHORITY_NAME = 'Deskfleet certificate authority'

/** A server's leaf: read, made when there is none, and made anew when it is stale. All replicas share it. */
export async function holdLeaf(
  api: CoreV1Api,
  place: Place,
  authority: Pair,
  names: readonly string[],
  now: () => Date,
): Promise<Pair> {
  for (let turn = 0; turn < TURNS; turn++) {
    const secret =
      (await find(api, place)) ?? (await create(api, place, await newLeaf(authority, names, now())))
    const pair = pairIn(secret, place)
    const judged = judgeLeaf(pair, authority, names, now())
    if (judged.state === 'good') return pair
    if (judged.state === 'broken') throw new DamagedSecret(place, judged.why)
    await replace(api, place, secret, await newLeaf(authority, names, now()))
  }
  throw new Error(
    `The Secret ${place.namespace}/${place.name} changes faster than it can be read. Two webhooks with different ` +
      'DESKFLEET_EXTRA_NAMES, or with different authorities, share it: give them the same.',
  )
}

async function find(api: CoreV1Api, place: Place): Promise<V1Secret | undefined> {
  return unless(404, api.readNamespacedSecret(place))
}

/** Creates the Secret, or reads the one of whoever was faster. */
async function create(api: CoreV1Api, place: Place, pair: Pair): Promise<V1Secret> {
  const body = { metadata: { ...place }, type: TLS_TYPE, data: dataOf(pair) }
  const created = await unless(409, api.createNamespacedSecret({ namespace: place.namespace, body }))
  return created ?? (await api.readNamespacedSecret(place))
}

/** Replaces exactly the state that was judged; when somebody was faster, nothing happens. */
async function replace(api: CoreV1Api, place: Place, judged: V1Secret, pair: Pair): Promise<void> {
  const body = { ...judged, data: { ...judged.data, ...dataOf(pair) } }
  await unless(409, api.replaceNamespacedSecret({ ...place, body }))
}

const encode = (text: string): string => Buffer.from(text).toString('base64')

const dataOf = ({ certificate, key }: Pair): Record<string, string> => ({
  'tls.crt': encode(certificate),
  'tls.key': encode(key),
})

function pairIn(secret: V1Secret, place: Place): Pair {
  const [certificate, key] = ['tls.crt', 'tls.key'].map((item) =>
    Buffer.from(secret.data?.[item] ?? '', 'base64').toString('utf8'),
  )
  if (certificate && key) return { certificate, key }
  throw new DamagedSecret(place, 'tls.crt or tls.key is missing')
}

/** What the call brings; nothing where the API server answers with that HTTP code. */
export async function unless<T>(code: number, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ApiException && error.code === code) return undefined
    throw error
  }
}
