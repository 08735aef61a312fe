import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { createPrivateKey, randomBytes } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { LONGEST_COMMON_NAME } from '../config/certificate-names.ts'

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
export const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const

/** What a certificate says, beside its key. `life` is in ms. */
export interface Issued {
  readonly name: string
  readonly life: number
  readonly extensions: readonly x509.Extension[]
  /** Who vouches for it; no certificate outlives that. @default itself */
  readonly issuer?: Pair
}

/** Makes a certificate with a new key: P-256, good from an hour ago. */
export async function issue(issued: Issued, now: Date): Promise<Pair> {
  const { publicKey, privateKey } = await newKeys()
  const signer = issued.issuer ? await importKey(issued.issuer.key) : privateKey
  return { certificate: await sign(issued, publicKey, signer, now), key: await keyPem(privateKey) }
}

/** Makes a certificate for a key that is somebody else's: DER, as SubjectPublicKeyInfo. */
export async function issueFor(
  issued: Issued & { readonly issuer: Pair },
  publicKey: Uint8Array<ArrayBuffer>,
  now: Date,
): Promise<string> {
  return await sign(issued, new x509.PublicKey(publicKey), await importKey(issued.issuer.key), now)
}

export const newKeys = () => crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])

async function sign(
  { name, life, extensions, issuer }: Issued,
  publicKey: webcrypto.CryptoKey | x509.PublicKey,
  signingKey: webcrypto.CryptoKey,
  now: Date,
): Promise<string> {
  const by = issuer && new x509.X509Certificate(issuer.certificate)
  const end = Math.min(now.getTime() + life, by?.notAfter.getTime() ?? Number.POSITIVE_INFINITY)
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [name.slice(0, LONGEST_COMMON_NAME)] }],
    issuer: by?.subjectName ?? [{ CN: [name.slice(0, LONGEST_COMMON_NAME)] }],
    serialNumber: newSerial(),
    notBefore: new Date(now.getTime() - CLOCK_SKEW),
    notAfter: new Date(end),
    publicKey,
    signingKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...(by ? [await x509.AuthorityKeyIdentifierExtension.create(by.publicKey)] : []),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

/** A random positive serial of 127 bits, as hex: never a leading zero byte, which DER would have to drop. */
export function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** A private key that can sign, from PEM. */
export function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign'])
}

export async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
