import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import {
  CLOCK_SKEW,
  KEY_ALGORITHM,
  keyPem,
  newSerial,
  type Pair,
  pemOf,
  SIGNING_ALGORITHM,
  YEAR,
} from './authority.ts'

/** A server's certificate that only vouches for itself, for a caller who is given it: P-256, a year. */
export async function selfSigned(names: readonly [string, ...string[]], now: Date): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [names[0].slice(0, 64)] }],
    serialNumber: newSerial(),
    notBefore: new Date(now.getTime() - CLOCK_SKEW),
    notAfter: new Date(now.getTime() + YEAR),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
    ],
  })
  return { certificate: pemOf(certificate), key: await keyPem(keys.privateKey) }
}
