import { X509Certificate as NodeCertificate } from 'node:crypto'
import { authorityExtensions } from './authority.ts'
import { issue, type Pair, SIGNING } from './issue.ts'
import type { SignedState } from './leaf.ts'
import { namesAllowed } from './name-constraints.ts'
import { readPair } from './pair.ts'

/** An authority between a root, which people's machines keep, and the leaves: it may change without their knowing. */

/** Makes an authority that `root` vouches for, with the root's own constraints. */
export function newIntermediate(root: Pair, name: string, now: Date): Promise<Pair> {
  const names = namesAllowed(root.certificate)
  const extensions = authorityExtensions(names ? { names } : {})
  return issue({ name, life: SIGNING.life, extensions, issuer: root }, now)
}

/** Whether an intermediate still signs: its key, its root, its time. */
export function judgeIntermediate(pair: Pair, root: Pair, now: Date): SignedState {
  const read = readPair(pair)
  if ('fault' in read) return { state: 'broken', why: read.fault }
  const { certificate } = read
  const issuer = new NodeCertificate(root.certificate)
  if (!certificate.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
    return { state: 'stale', why: 'it is signed by another root' }
  const left = certificate.validToDate.getTime() - now.getTime()
  const lastsAsRoot = certificate.validToDate.getTime() >= issuer.validToDate.getTime()
  if (left <= 0 || (left < SIGNING.before && !lastsAsRoot))
    return { state: 'stale', why: `it ends on ${certificate.validTo}` }
  return { state: 'good' }
}
