import 'reflect-metadata'
import { createPublicKey } from 'node:crypto'
import type { V1CertificateSigningRequest } from '@kubernetes/client-node'
import * as x509 from '@peculiar/x509'
import type { Asked, Content } from './facts.ts'

/** Where the API server notes the PC of a pod whose token it was called with. */
const NODE_NAME = 'authentication.kubernetes.io/node-name'
const NODE_UID = 'authentication.kubernetes.io/node-uid'

/** A request of ours has 500 bytes. */
const LONGEST = 8_192

/** A request, and what is in it. Whatever was sent, this ends soon and throws nothing. */
export async function readAsked({ spec }: V1CertificateSigningRequest): Promise<Asked> {
  return {
    username: spec.username ?? '',
    nodes: spec.extra?.[NODE_NAME] ?? [],
    uid: spec.extra?.[NODE_UID]?.[0],
    usages: spec.usages ?? [],
    content: await readContent(Buffer.from(spec.request, 'base64').toString('latin1')),
  }
}

const PEM =
  /^\s*-----BEGIN CERTIFICATE REQUEST-----\s+([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----\s*$/

/** Reads a PKCS#10 request, PEM. */
export async function readContent(pem: string): Promise<Content | { fault: string }> {
  if (pem.length > LONGEST) return { fault: `it has ${pem.length} characters, more than ${LONGEST}` }
  const base64 = PEM.exec(pem)?.[1]
  if (base64 === undefined) return { fault: 'it is no CERTIFICATE REQUEST as PEM, or more than one' }
  const bytes = Buffer.from(base64, 'base64')
  if (endOf(bytes) !== bytes.length)
    return { fault: 'it is no PKCS#10 request, or something stands behind it' }
  try {
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(bytes))
    // Node's own reading of the key, written anew: what is signed later is this and nothing else of what was sent.
    const der = Buffer.from(request.publicKey.rawData)
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    return {
      subject: request.subjectName.toJSON().map(partOf),
      beside: Array.from(request.attributes, ({ type }) => type),
      key: [key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve].filter(Boolean).join(' '),
      publicKey: new Uint8Array(key.export({ type: 'spki', format: 'der' })),
      proven: await request.verify().catch(() => false),
    }
  } catch {
    return { fault: 'it is no PKCS#10 request' }
  }
}

/** Where the outermost element ends by its own word: the parser at hand reads parts of it that stand behind its end. */
function endOf(der: Buffer): number {
  const length = der[1] ?? 0
  const more = length < 0x80 ? 0 : length & 0x7f
  if (more === 0) return 2 + length
  return more > 4 || der.length < 2 + more ? 0 : 2 + more + der.readUIntBE(2, more)
}

const partOf = (part: Readonly<Record<string, readonly unknown[]>>): string =>
  Object.entries(part)
    .flatMap(([type, values]) => values.map((value) => `${type}=${typeof value === 'string' ? value : '?'}`))
    .join('+')
