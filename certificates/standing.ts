import { X509Certificate as NodeCertificate } from 'node:crypto'
import type { CoreV1Api, V1Secret } from '@kubernetes/client-node'
import { ROTATE } from '../config/labels.ts'
import { type AuthorityKind, authorityFault, newAuthority } from './authority.ts'
import { create, DamagedSecret, find, type Place, pairIn } from './hold.ts'
import type { Pair } from './issue.ts'
import { readPair } from './pair.ts'

/**
 * An authority and the one that it gives way to, as one Secret holds them, so that whoever reads it knows how far a
 * rotation has come: `tls.crt`, `tls.key` sign; `next.crt`, `next.key` are made known and sign nothing yet; `former.crt`
 * signs no more, and its key is gone.
 */
export interface Standing {
  readonly signs: Pair
  readonly next: Pair | undefined
  /** PEM. */
  readonly former: string | undefined
  /** What an administrator asks for, if anything. */
  readonly asked: string | undefined
}

/** How a Secret moves on: another one is made, it signs, the former one is forgotten. */
export type Move = 'begin' | 'switch' | 'retire'

/** What tells one certificate from another. */
export const idOf = (certificate: string): string => new NodeCertificate(certificate).fingerprint256

/**
 * Every authority that is to be trusted now, PEM, the oldest first: whose turn it is to sign changes nothing of it.
 */
export function trustedIn({ signs, next, former }: Standing): string {
  const all = [signs.certificate, next?.certificate, former].filter((one) => one !== undefined)
  const aged = all.map((pem) => ({ pem: `${pem.trim()}\n`, parsed: new NodeCertificate(pem) }))
  aged.sort(
    (one, other) =>
      one.parsed.validFromDate.getTime() - other.parsed.validFromDate.getTime() ||
      (one.parsed.fingerprint256 < other.parsed.fingerprint256 ? -1 : 1),
  )
  return aged.map(({ pem }) => pem).join('')
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The certificates of a bundle, each PEM. */
export const certificatesIn = (bundle: string): string[] => bundle.match(CERTIFICATES) ?? []

/**
 * Reads how it stands, and makes the first authority where there is none. Of several that start at once, all get the
 * same.
 *
 * @throws DamagedSecret when what is there is not usable.
 */
export async function holdStanding(
  api: CoreV1Api,
  place: Place,
  kind: AuthorityKind,
  now: () => Date,
): Promise<{ standing: Standing; secret: V1Secret; did: 'found' | 'made' }> {
  const found = await find(api, place)
  const secret = found ?? (await create(api, place, keyed('tls', await newAuthority(kind, now()))))
  return { standing: standingIn(secret, place, now()), secret, did: found ? 'found' : 'made' }
}

/** @throws DamagedSecret */
export function standingIn(secret: V1Secret, place: Place, now: Date): Standing {
  const signs = pairIn(secret, place)
  const fault = authorityFault(signs, now)
  if (fault) throw new DamagedSecret(place, fault)
  const [nextCertificate, nextKey, former] = ['next.crt', 'next.key', 'former.crt'].map((item) =>
    Buffer.from(secret.data?.[item] ?? '', 'base64').toString('utf8'),
  )
  const next = nextCertificate && nextKey ? { certificate: nextCertificate, key: nextKey } : undefined
  const read = next && readPair(next)
  if (read && 'fault' in read) throw new DamagedSecret(place, `of what follows it, ${read.fault}`)
  if (former && !isCertificate(former)) throw new DamagedSecret(place, 'former.crt is not PEM')
  return {
    signs,
    next,
    former: former || undefined,
    asked: secret.metadata?.annotations?.[ROTATE],
  }
}

/**
 * The Secret after a move, to be written over exactly the one that was read. The key of an authority that gives way goes
 * with the switch: nobody may sign by it from then on.
 */
export async function moved(secret: V1Secret, move: Move, fresh: () => Promise<Pair>): Promise<V1Secret> {
  const data: Record<string, string> = { ...secret.data }
  const drop = (...items: readonly string[]) => {
    for (const item of items) delete data[item]
  }
  switch (move) {
    case 'begin':
      Object.assign(data, keyed('next', await fresh()))
      break
    case 'switch':
      data['former.crt'] = data['tls.crt'] ?? ''
      data['tls.crt'] = data['next.crt'] ?? ''
      data['tls.key'] = data['next.key'] ?? ''
      drop('next.crt', 'next.key')
      break
    case 'retire':
      drop('former.crt')
      break
  }
  const { [ROTATE]: _, ...annotations } = secret.metadata?.annotations ?? {}
  return { ...secret, metadata: { ...secret.metadata, annotations }, data }
}

const keyed = (name: 'tls' | 'next', { certificate, key }: Pair): Record<string, string> => ({
  [`${name}.crt`]: Buffer.from(certificate).toString('base64'),
  [`${name}.key`]: Buffer.from(key).toString('base64'),
})

function isCertificate(pem: string): boolean {
  try {
    return new NodeCertificate(pem).ca
  } catch {
    return false
  }
}
