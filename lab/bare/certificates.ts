import { webcrypto } from 'node:crypto'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 24 * 60 * 60 * 1000

/** A certificate and its private key (PKCS#8), both as PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Who a leaf is for: the user and groups that Kubernetes reads from it, and the addresses it serves. */
export interface Subject {
  readonly name: string
  readonly groups?: readonly string[]
  readonly addresses?: readonly string[]
  readonly hosts?: readonly string[]
}

/** A self-signed authority of one run, good for 30 days: a lab is not meant to live longer. */
export async function makeAuthority(name: string): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(30),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) }
}

/** A leaf for that subject, for both ends of TLS: a component serves and calls with its own. */
export async function issue(authority: KeyPair, subject: Subject): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certificate)
  const signingKey = await importKey(authority.key)
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const names = [
    ...(subject.addresses ?? []).map((value) => ({ type: 'ip', value }) as const),
    ...(subject.hosts ?? []).map((value) => ({ type: 'dns', value }) as const),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: issuer.subjectName,
    subject: [...(subject.groups ?? []).map((group) => ({ O: [group] })), { CN: [subject.name] }],
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    ...validity(30),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  })
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) }
}

/** Begins an hour ago, since a lab's clock may be set back while it runs. */
function validity(days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY / 24), notAfter: new Date(Date.now() + days * DAY) }
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign'])
}
