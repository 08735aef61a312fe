import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import {
  CLOCK_SKEW,
  KEY_ALGORITHM,
  keyPem,
  newSerial,
  type Pair,
  pemOf,
  readPair,
  SIGNING_ALGORITHM,
  YEAR,
} from './authority.ts'

const LEAF_LIFE = YEAR

/** A leaf is made anew when so little of it is left. */
const RENEW_BEFORE = 30 * 24 * 60 * 60 * 1000

/**
 * Makes a server's certificate. `names` are DNS names and IP addresses; the first one is its CN. `life` is in ms, a
 * year where nothing is said; no leaf outlives its authority.
 */
export async function newLeaf(
  authority: Pair,
  names: readonly string[],
  now: Date,
  life: number = LEAF_LIFE,
): Promise<Pair> {
  const issuer = new x509.X509Certificate(authority.certificate)
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const end = Math.min(now.getTime() + life, issuer.notAfter.getTime())
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [(names[0] ?? 'deskfleet').slice(0, 64)] }],
    issuer: issuer.subjectName,
    serialNumber: newSerial(),
    notBefore: new Date(now.getTime() - CLOCK_SKEW),
    notAfter: new Date(end),
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { certificate: pemOf(certificate), key: await keyPem(keys.privateKey) }
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign'])
}

export type LeafState =
  | { readonly state: 'good' }
  /** Ours, but to be made anew. */
  | { readonly state: 'stale'; readonly why: string }
  /** Not to be understood; somebody else put it there, and it stays until a person removes it. */
  | { readonly state: 'broken'; readonly why: string }

/** Whether a leaf still serves: its key, its signer, its names, its time. */
export function judgeLeaf(leaf: Pair, authority: Pair, names: readonly string[], now: Date): LeafState {
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

/** When a certificate ends, in ms since the epoch. */
export const endOf = (pair: Pair): number => new NodeCertificate(pair.certificate).validToDate.getTime()
