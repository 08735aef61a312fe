import 'reflect-metadata'
import { createPrivateKey, createPublicKey, X509Certificate as NodeCertificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { importKey, issueFor, keyPem, newKeys, type Pair, SIGNING_ALGORITHM, YEAR } from './issue.ts'
import { leafExtensions } from './leaf.ts'

/**
 * The certificate by which a PC is known in the Gluster pool: its key never leaves the PC, so the PC asks for it by a
 * CertificateSigningRequest. glusterd, bricks and FUSE clients serve and call with the same one.
 */

const MEMBER_LIFE = 2 * YEAR

/** Vouches for a PC. @param publicKey DER, as SubjectPublicKeyInfo */
export const newMember = (
  authority: Pair,
  node: string,
  publicKey: Uint8Array<ArrayBuffer>,
  now: Date,
): Promise<string> =>
  issueFor(
    {
      name: node,
      life: MEMBER_LIFE,
      extensions: leafExtensions([node], 'serverAuth', 'clientAuth'),
      issuer: authority,
    },
    publicKey,
    now,
  )

/** A new private key, PEM. */
export const newMemberKey = async (): Promise<string> => keyPem((await newKeys()).privateKey)

/** Asks for a certificate of that name and that key: PKCS#10, PEM. @throws where the key is none of ours */
export async function requestFor(key: string, node: string): Promise<string> {
  const der = new Uint8Array(publicKeyOf(key))
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [node] }],
    keys: {
      publicKey: await crypto.subtle.importKey('spki', der, algorithm, true, ['verify']),
      privateKey: await importKey(key),
    },
    signingAlgorithm: SIGNING_ALGORITHM,
  })
  return `${request.toString('pem')}\n`
}

/** The public half of a private key, DER. @throws where it is no key */
export const publicKeyOf = (key: string): Buffer =>
  createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' })

/** What a PC's certificate says of itself; the times are ms since 1970. */
export interface Member {
  readonly notBefore: number
  readonly notAfter: number
  /** Whether one of these authorities signed it. */
  signedBy(authorities: readonly string[]): boolean
}

const BOTH_ENDS = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']

/** Reads a PC's certificate and its key, and checks that they are that PC's and belong together. */
export function readMember({ certificate, key }: Pair, node: string): Member | { fault: string } {
  try {
    const parsed = new NodeCertificate(certificate)
    if (!parsed.checkPrivateKey(createPrivateKey(key)))
      return { fault: 'its key belongs to another certificate' }
    if (parsed.subject !== `CN=${node}` || parsed.subjectAltName !== `DNS:${node}`)
      return { fault: `it is not that of ${node}` }
    if (!BOTH_ENDS.every((end) => parsed.keyUsage?.includes(end)))
      return { fault: 'it is not for both ends of TLS' }
    return {
      notBefore: parsed.validFromDate.getTime(),
      notAfter: parsed.validToDate.getTime(),
      signedBy: (authorities) => authorities.some((authority) => signed(parsed, authority)),
    }
  } catch {
    return { fault: 'its certificate or its key is not PEM' }
  }
}

function signed(certificate: NodeCertificate, authority: string): boolean {
  try {
    const issuer = new NodeCertificate(authority)
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    return false
  }
}
