import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Pair } from './issue.ts'

/** Parses a pair and checks that the key is the certificate's. */
export function readPair({ certificate, key }: Pair): { certificate: X509Certificate } | { fault: string } {
  try {
    const parsed = new X509Certificate(certificate)
    return parsed.checkPrivateKey(createPrivateKey(key))
      ? { certificate: parsed }
      : { fault: 'its key belongs to another certificate' }
  } catch {
    return { fault: 'its certificate or its key is not PEM' }
  }
}

/** When a certificate ends, in ms since the epoch. */
export const endOf = (pair: Pick<Pair, 'certificate'>): number =>
  new X509Certificate(pair.certificate).validToDate.getTime()
