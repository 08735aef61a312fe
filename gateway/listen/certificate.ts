import { ApiException, type CoreV1Api } from '@kubernetes/client-node'
import { type Pair, readPair } from '../../certificates/authority.ts'
import { holdAuthority, holdLeaf } from '../../certificates/hold.ts'
import { AUTHORITY, GATEWAY, NAMESPACES } from '../../config/names.ts'

/** What is served with, and whether browsers trust it without being taught (it is the administrator's own). */
export interface Served {
  readonly pair: Pair
  readonly own: boolean
  /** Why the administrator's own is there but not used. */
  readonly fault?: string
}

const namespace = NAMESPACES.system

/** The administrator's certificate where there is a usable one, else a leaf of the cluster's authority. */
export async function holdCertificate(
  api: CoreV1Api,
  names: readonly string[],
  now: () => Date,
): Promise<Served> {
  const given = await administratorsOwn(api)
  const fault = given && faultIn(given, now())
  if (given && fault === undefined) return { pair: given, own: true }
  const authority = await holdAuthority(api, { namespace, name: AUTHORITY.secret }, now)
  const pair = await holdLeaf(api, { namespace, name: AUTHORITY.gatewaySecret }, authority, names, now)
  return { pair, own: false, ...(fault === undefined ? {} : { fault }) }
}

async function administratorsOwn(api: CoreV1Api): Promise<Pair | undefined> {
  try {
    const { data = {} } = await api.readNamespacedSecret({ namespace, name: GATEWAY.certificateSecret })
    const [certificate = '', key = ''] = ['tls.crt', 'tls.key'].map((item) =>
      Buffer.from(data[item] ?? '', 'base64').toString('utf8'),
    )
    return { certificate, key }
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined
    throw error
  }
}

function faultIn(pair: Pair, now: Date): string | undefined {
  const read = readPair(pair)
  if ('fault' in read) return read.fault
  return read.certificate.validToDate <= now ? `it ended on ${read.certificate.validTo}` : undefined
}
