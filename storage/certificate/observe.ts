import { createHash } from 'node:crypto'
import type { V1CertificateSigningRequest } from '@kubernetes/client-node'
import { type Member, readMember } from '../../certificates/member.ts'
import { listsIn, revokedBy, serialOf } from '../../certificates/revocation.ts'
import { certificatesIn } from '../../certificates/standing.ts'
import { reasonOf } from '../../cluster/answer.ts'
import { cut } from '../../config/cut.ts'
import type { PoolCluster } from './cluster.ts'
import type { Answer, Facts, Laid, Next } from './facts.ts'
import { type Files, type Found, publicHalf } from './files.ts'

/** The facts of a look, and what was read with them, PEM. */
export interface Seen {
  readonly facts: Facts
  /** Of the room; undefined while they are not known. */
  readonly authorities: string | undefined
  /** The key that waits. */
  readonly key: string | undefined
  /** What its request brought. */
  readonly certificate: string | undefined
}

/** Looks at what lies there, and asks the cluster. Neither a damaged file nor a silent API server ends it. */
export async function observe(
  files: Files,
  cluster: PoolCluster,
  node: string,
  times: Pick<Facts, 'wall' | 'now'>,
): Promise<Seen> {
  const [key, certificate, beside, waiting] = await Promise.all([
    files.read('key'),
    files.read('certificate'),
    files.read('authorities'),
    files.read('next'),
  ])
  const told = await asked(() => cluster.authorities())
  const ofRoom = 'why' in told || !told.value ? undefined : certificatesIn(told.value)
  const known = ofRoom && ofRoom.length > 0 ? ofRoom : undefined
  const lists = 'why' in told ? [] : listsIn(told.value ?? '')
  const { next, given } = await nextOf(waiting, key, node, known, cluster, times.wall)
  return {
    facts: {
      node,
      laid: laidOf(key, certificate, beside, node, known, lists),
      next,
      authorities: 'why' in told ? { are: 'unread', why: told.why } : { are: known ? 'known' : 'absent' },
      ...times,
    },
    authorities: known && [...known, ...lists].map((one) => `${one}\n`).join(''),
    key: next && textOf(waiting),
    certificate: given,
  }
}

async function asked<T>(call: () => Promise<T>): Promise<{ value: T } | { why: string }> {
  try {
    return { value: await call() }
  } catch (error) {
    return { why: reasonOf(error) }
  }
}

const textOf = (found: Found): string | undefined => (found && 'text' in found ? found.text : undefined)

function laidOf(
  key: Found,
  certificate: Found,
  beside: Found,
  node: string,
  ofRoom: readonly string[] | undefined,
  lists: readonly string[],
): Laid {
  if (key === undefined && certificate === undefined) return { state: 'absent' }
  const [keyText, certificateText] = [textOf(key), textOf(certificate)]
  if (keyText === undefined || certificateText === undefined)
    return { state: 'unusable', fault: faultOf(key, certificate) }
  const read = readMember({ certificate: certificateText, key: keyText }, node)
  if ('fault' in read) return { state: 'unusable', fault: read.fault }
  const [authorities, besides] = [certificatesIn(textOf(beside) ?? ''), listsIn(textOf(beside) ?? '')]
  return {
    state: 'whole',
    notBefore: read.notBefore,
    notAfter: read.notAfter,
    trusted: read.signedBy(authorities),
    ofRoom: ofRoom && read.signedBy(ofRoom),
    authoritiesOfRoom: ofRoom && isSame([...authorities, ...besides], [...ofRoom, ...lists]),
    revoked: lists.some((list) => revokedBy(list).includes(serialOf(certificateText))),
  }
}

function faultOf(key: Found, certificate: Found): string {
  for (const found of [key, certificate]) if (found && 'fault' in found) return found.fault
  return key === undefined ? 'its key is missing' : 'its certificate is missing'
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one, at) => one === others[at])

/** The key that waits, and what its request brought. */
async function nextOf(
  waiting: Found,
  laid: Found,
  node: string,
  ofRoom: readonly string[] | undefined,
  cluster: PoolCluster,
  wall: number,
): Promise<{ next: Next | undefined; given: string | undefined }> {
  const key = publicHalf(waiting)
  if (key === undefined) return { next: undefined, given: undefined }
  const request = requestName(node, key)
  const isLaid = publicHalf(laid)?.equals(key) ?? false
  const found = await asked(() => cluster.request(request))
  if ('why' in found)
    return { next: { request, isLaid, answer: { is: 'unread', why: found.why } }, given: undefined }
  const { answer, given } = answerIn(found.value)
  if (given === undefined || ofRoom === undefined) return { next: { request, isLaid, answer }, given }
  const read = readMember({ certificate: given, key: textOf(waiting) ?? '' }, node)
  const fault = 'fault' in read ? read.fault : givenFault(read, ofRoom, wall)
  return {
    next: {
      request,
      isLaid,
      answer:
        fault === undefined ? answer : { is: 'refused', why: `what was given cannot be used: ${fault}` },
    },
    given,
  }
}

function givenFault(given: Member, ofRoom: readonly string[], wall: number): string | undefined {
  if (!given.signedBy(ofRoom)) return 'it is signed by another authority'
  return given.notAfter <= wall ? 'it has ended' : undefined
}

/** By PC and key: who tries again with the same key finds the request that was made, whatever became of the answer. */
const requestName = (node: string, key: Buffer): string =>
  `gluster-${node}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`

function answerIn(found: V1CertificateSigningRequest | undefined): {
  answer: Answer
  given: string | undefined
} {
  if (found === undefined) return { answer: { is: 'absent' }, given: undefined }
  const { conditions = [], certificate } = found.status ?? {}
  const refusal = conditions.find(({ type }) => type === 'Denied' || type === 'Failed')
  if (refusal) {
    const why = cut([refusal.reason, refusal.message].filter(Boolean).join(': ') || refusal.type, 500)
    return { answer: { is: 'refused', why }, given: undefined }
  }
  if (!certificate) return { answer: { is: 'awaited' }, given: undefined }
  return { answer: { is: 'given' }, given: Buffer.from(certificate, 'base64').toString('utf8') }
}
