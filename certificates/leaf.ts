import 'reflect-metadata'
import { X509Certificate as NodeCertificate } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { issue, type Pair, YEAR } from './issue.ts'
import { readPair } from './pair.ts'

const LEAF_LIFE = YEAR

/** A leaf is made anew when so little of it is left. */
const RENEW_BEFORE = 30 * 24 * 60 * 60 * 1000

/** Makes a server's certificate, for a year. `names` are DNS names and IP addresses; the first one is its CN. */
export const newLeaf = (authority: Pair, names: readonly string[], now: Date): Promise<Pair> =>
  issue(
    {
      name: names[0] ?? 'deskfleet',
      life: LEAF_LIFE,
      extensions: leafExtensions(names, 'serverAuth'),
      issuer: authority,
    },
    now,
  )

/** Makes the certificate of somebody who calls: by this name servers know them, and they serve nothing with it. A year. */
export const newCaller = (authority: Pair, name: string, now: Date): Promise<Pair> =>
  issue({ name, life: LEAF_LIFE, extensions: leafExtensions([name], 'clientAuth'), issuer: authority }, now)

export const leafExtensions = (
  names: readonly string[],
  ...purposes: readonly ('serverAuth' | 'clientAuth')[]
): x509.Extension[] => [
  new x509.BasicConstraintsExtension(false, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
  new x509.ExtendedKeyUsageExtension(purposes.map((purpose) => x509.ExtendedKeyUsage[purpose])),
  new x509.SubjectAlternativeNameExtension(
    names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
  ),
]

/** How a certificate that an authority signed stands. */
export type SignedState =
  | { readonly state: 'good' }
  /** Ours, but to be made anew. */
  | { readonly state: 'stale'; readonly why: string }
  /** Not to be understood; somebody else put it there, and it stays until a person removes it. */
  | { readonly state: 'broken'; readonly why: string }

/** Whether a leaf still serves: its key, its signer, its names, its time. */
export function judgeLeaf(leaf: Pair, authority: Pair, names: readonly string[], now: Date): SignedState {
  const read = readPair(leaf)
  if ('fault' in read) return { state: 'broken', why: read.fault }
  const { certificate } = read
  const issuer = new NodeCertificate(authority.certificate)
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
    return { state: 'stale', why: 'it is signed by another authority' }
  }
  const lacking = names.find((name) => !covers(certificate, name))
  if (lacking !== undefined) return { state: 'stale', why: `it is not for ${lacking}` }
  const left = certificate.validToDate.getTime() - now.getTime()
  const lastsAsAuthority = certificate.validToDate.getTime() >= issuer.validToDate.getTime()
  if (left <= 0 || (left < RENEW_BEFORE && !lastsAsAuthority)) {
    return { state: 'stale', why: `it ends on ${certificate.validTo}` }
  }
  return { state: 'good' }
}

const covers = (certificate: NodeCertificate, name: string): boolean =>
  (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' })) !== undefined
