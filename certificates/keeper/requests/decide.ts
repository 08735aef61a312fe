import { LONGEST_COMMON_NAME, POOL_USAGES } from '../../../config/certificate-names.ts'
import { cut } from '../../../config/cut.ts'
import { NAMESPACES, STORAGE } from '../../../config/names.ts'
import type { Asked, Content, Denial, Verdict } from './facts.ts'

/** Whose requests are signed: the program that runs on every PC. */
export const MOUNTER = `system:serviceaccount:${NAMESPACES.storage}:${STORAGE.mounter}`

/** P-256 and what is harder to break. */
const KEYS = ['ec prime256v1', 'ec secp384r1', 'ec secp521r1']
/** Every ECDSA certificate is for signatures: whether that is said is all the same. */
const SIGNATURE = 'digital signature'
const BOTH_ENDS = POOL_USAGES.filter((usage) => usage !== SIGNATURE)
/** What Kubernetes names a Node. */
const NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/

/**
 * Whether a PC is vouched for in the Gluster pool. The rule: what a request says of itself counts only where the API
 * server says the same of whoever made it. Whoever holds one PC has the tokens of that PC's pods, and so that PC's name
 * and no other.
 */
export function decide({ username, nodes, usages, content }: Asked): Verdict {
  if (username !== MOUNTER)
    return deny(
      'NotTheMounter',
      `it was made by ${shown(username)}, and only ${MOUNTER} is vouched for in the Gluster pool`,
      'nothing is to be done for the pool; see who may create CertificateSigningRequests',
    )
  const [node] = nodes
  if (node === undefined || nodes.length > 1)
    return deny(
      'NoPC',
      'the token by which it was made names no single PC',
      `ask with the token of the pod of ${STORAGE.mounter} on that PC, in Kubernetes 1.33 or later`,
    )
  if ('fault' in content)
    return deny('Unreadable', content.fault, 'send a PKCS#10 request as PEM, as the mounter does')
  const fault = subjectFault(content, node) ?? contentFault(content) ?? usageFault(usages)
  return fault ? { answer: 'deny', ...fault } : { answer: 'sign', node, publicKey: content.publicKey }
}

function subjectFault({ subject }: Content, node: string): Denial | undefined {
  if (node.length > LONGEST_COMMON_NAME || !NAME.test(node))
    return denial(
      'Name',
      `no certificate can name ${shown(node)}`,
      `give the PC a name of at most ${LONGEST_COMMON_NAME} small letters, digits, dots and hyphens`,
    )
  if (subject.length === 1 && subject[0] === `CN=${node}`) return undefined
  const isOther = subject.length === 1 && /^CN=[^+]*$/.test(subject[0] ?? '')
  return isOther
    ? denial(
        'AnotherPC',
        `it was made on ${node} and asks for ${shown(subject[0] ?? '')}`,
        `nobody but the mounter of a PC asks for it: if that was not you, ${node} is in the hands of somebody else`,
      )
    : denial(
        'Subject',
        `its subject is ${shown(subject.join(', ') || 'empty')}`,
        `it must be CN=${node} and nothing else`,
      )
}

function contentFault({ beside, key, proven }: Content): Denial | undefined {
  if (beside.length > 0)
    return denial(
      'Extensions',
      `it asks for ${shown(beside.join(', '))} besides`,
      'leave it out: all that such a certificate says follows from the name of the PC',
    )
  if (!KEYS.includes(key))
    return denial('Key', `its key is ${shown(key)}`, 'make an ECDSA key on the curve P-256, P-384 or P-521')
  if (!proven)
    return denial('Unproven', 'it is not signed by its own key', 'sign it with the key that it is for')
  return undefined
}

function usageFault(usages: readonly string[]): Denial | undefined {
  const asked = [...new Set(usages)].filter((usage) => usage !== SIGNATURE)
  if (asked.length === BOTH_ENDS.length && BOTH_ENDS.every((usage) => asked.includes(usage))) return undefined
  return denial(
    'Usages',
    `it is to be for ${shown(usages.join(', ') || 'nothing')}`,
    `ask for ${BOTH_ENDS.join(' and ')}, with or without ${SIGNATURE}`,
  )
}

/** A stranger's text in a sentence of ours. */
const shown = (text: string): string => cut(JSON.stringify(text), 200)

const denial = (reason: string, what: string, mend: string): Denial => ({
  reason,
  message: `${what}; ${mend}`,
})

const deny = (reason: string, what: string, mend: string): Verdict => ({
  answer: 'deny',
  ...denial(reason, what, mend),
})
