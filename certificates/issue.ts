import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { createPrivateKey, randomBytes } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate and its private key, both PEM. */
export interface Pair {
  readonly certificate: string
  readonly key: string
}

export const YEAR = 365 * 24 * 60 * 60 * 1000

/** An authority that signs leaves lives so long, and gives way while its leaves can still have their whole year. */
export const SIGNING = { life: 3 * YEAR, before: 1.1 * YEAR } as const

/** Clocks of unequal PCs differ; what is signed now must not be from the future elsewhere. */
const CLOCK_SKEW = 60 * 60 * 1000

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const

/** What a certificate says, beside its key. `life` is in ms. */
export interface Issued {
  readonly name: string
  readonly life: number
  readonly extensions: readonly x509.Extension[]
  /** Who vouches for it; no certificate outlives that. @default itself */
  readonly issuer?: Pair
}

/** Makes a certificate with a new key: P-256, good from an hour ago. */
export async function issue({ name, life, extensions, issuer }: Issued, now: Date): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const by = issuer && new x509.X509Certificate(issuer.certificate)
  const end = Math.min(now.getTime() + life, by?.notAfter.getTime() ?? Number.POSITIVE_INFINITY)
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [name.slice(0, 64)] }],
    issuer: by?.subjectName ?? [{ CN: [name.slice(0, 64)] }],
    serialNumber: newSerial(),
    notBefore: new Date(now.getTime() - CLOCK_SKEW),
    notAfter: new Date(end),
    publicKey: keys.publicKey,
    signingKey: issuer ? await signingKey(issuer.key) : keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(by ? [await x509.AuthorityKeyIdentifierExtension.create(by.publicKey)] : []),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys.privateKey) }
}

/** A random positive serial of 127 bits, as hex: never a leading zero byte, which DER would have to drop. */
export function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign'])
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
