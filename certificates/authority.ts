/**
 * `certificates/`: The cluster's own certificate authorities: what they sign, who keeps the keys, when they are
 * renewed.
 */

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { issue, type Pair, YEAR } from './issue.ts'
import { onlyFor } from './name-constraints.ts'
import { readPair } from './pair.ts'

const ROOT_LIFE = 10 * YEAR

/** What an authority of ours is for. */
export interface AuthorityKind {
  /** Its name, as people see it where they trust it. */
  readonly name: string
  /** Host names and IPv4 addresses that it may vouch for, as servers, and no others. @default any */
  readonly names?: readonly string[]
  /** Whether it signs authorities that sign leaves. @default leaves alone */
  readonly root?: true
  /** Ms. @default ten years */
  readonly life?: number
}

/** Makes a new authority of the cluster's own, trusted by itself. */
export const newAuthority = (kind: AuthorityKind, now: Date): Promise<Pair> =>
  issue({ name: kind.name, life: kind.life ?? ROOT_LIFE, extensions: authorityExtensions(kind) }, now)

export function authorityExtensions({ names, root }: Omit<AuthorityKind, 'name'>): x509.Extension[] {
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags
  return [
    new x509.BasicConstraintsExtension(true, root ? 1 : 0, true),
    new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
    // Nobody's mail or programs are ever vouched for by what people trust for the sake of one page.
    ...(names
      ? [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]), onlyFor(names)]
      : []),
  ]
}

/** Why this is no authority that can sign now, or nothing when it is one. */
export function authorityFault(pair: Pair, now: Date): string | undefined {
  const read = readPair(pair)
  if ('fault' in read) return read.fault
  if (!read.certificate.ca) return 'its certificate is not that of an authority'
  if (read.certificate.validToDate <= now) return `its certificate ended on ${read.certificate.validTo}`
  return undefined
}
