import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { createPrivateKey, X509Certificate as NodeCertificate, randomBytes } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate and its private key, both PEM. */
export interface Pair {
  readonly certificate: string
  readonly key: string
}

export const YEAR = 365 * 24 * 60 * 60 * 1000
const AUTHORITY_LIFE = 10 * YEAR

/** Clocks of unequal PCs differ; what is signed now must not be from the future elsewhere. */
export const CLOCK_SKEW = 60 * 60 * 1000

export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
export const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const

/** Makes a new authority of the cluster's own: P-256, ten years, signs leaves only. */
export async function newAuthority(name: string, now: Date): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    serialNumber: newSerial(),
    notBefore: new Date(now.getTime() - CLOCK_SKEW),
    notAfter: new Date(now.getTime() + AUTHORITY_LIFE),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: pemOf(certificate), key: await keyPem(keys.privateKey) }
}

/** A random positive serial of 127 bits, as hex: never a leading zero byte, which DER would have to drop. */
export function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** Why this is no authority that can sign now, or nothing when it is one. */
export function authorityFault(pair: Pair, now: Date): string | undefined {
  const read = readPair(pair)
  if ('fault' in read) return read.fault
  if (!read.certificate.ca) return 'its certificate is not that of an authority'
  if (read.certificate.validToDate <= now) return `its certificate ended on ${read.certificate.validTo}`
  return undefined
}

/** Parses a pair and checks that the key is the certificate's. */
export function readPair({ certificate, key }: Pair): { certificate: NodeCertificate } | { fault: string } {
  try {
    const parsed = new NodeCertificate(certificate)
    return parsed.checkPrivateKey(createPrivateKey(key))
      ? { certificate: parsed }
      : { fault: 'its key belongs to another certificate' }
  } catch {
    return { fault: 'its certificate or its key is not PEM' }
  }
}

export const pemOf = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`

export async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
