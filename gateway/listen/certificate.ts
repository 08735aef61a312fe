import type { CoreV1Api } from '@kubernetes/client-node'
import type { Pair } from '../../certificates/issue.ts'
import { readPair } from '../../certificates/pair.ts'
import { readKept } from '../../certificates/read.ts'
import { unless } from '../../cluster/answer.ts'
import { AUTHORITY, GATEWAY, NAMESPACES } from '../../config/names.ts'

/** What is served with, and whether browsers trust it without being taught (it is the administrator's own). */
export interface Served {
  readonly pair: Pair
  readonly own: boolean
  /** Why the administrator's own is there but not used. */
  readonly fault?: string
}

const namespace = NAMESPACES.system

/** The administrator's own, and what the keeper makes. */
export const SERVED_BY = [GATEWAY.certificateSecret, AUTHORITY.gatewaySecret].map((name) => ({
  namespace,
  name,
}))

/** The administrator's certificate where there is a usable one, else the one that the cluster's keeper makes. */
export async function holdCertificate(api: CoreV1Api, now: () => Date): Promise<Served> {
  const given = await administratorsOwn(api)
  const fault = given && faultIn(given, now())
  if (given && fault === undefined) return { pair: given, own: true }
  const pair = await readKept(api, { namespace, name: AUTHORITY.gatewaySecret })
  return { pair, own: false, ...(fault === undefined ? {} : { fault }) }
}

async function administratorsOwn(api: CoreV1Api): Promise<Pair | undefined> {
  const name = GATEWAY.certificateSecret
  const secret = await unless(404, () => api.readNamespacedSecret({ namespace, name }))
  if (!secret) return undefined
  const [certificate = '', key = ''] = ['tls.crt', 'tls.key'].map((item) =>
    Buffer.from(secret.data?.[item] ?? '', 'base64').toString('utf8'),
  )
  return { certificate, key }
}

/** Whether nothing changed that anybody would be told of. */
export const isSameCertificate = (before: Served, after: Served): boolean =>
  before.pair.certificate === after.pair.certificate && before.fault === after.fault

function faultIn(pair: Pair, now: Date): string | undefined {
  const read = readPair(pair)
  if ('fault' in read) return read.fault
  return read.certificate.validToDate <= now ? `it ended on ${read.certificate.validTo}` : undefined
}
