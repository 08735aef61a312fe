import 'reflect-metadata'
import { createHash, X509Certificate as NodeCertificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { importKey, type Pair, SIGNING_ALGORITHM } from './issue.ts'

/**
 * Which certificates of an authority count no more though their time is not over: a list that it signs. The list never
 * ends by itself, since whoever checks by a list that has ended accepts nobody.
 */

/** Clocks of unequal PCs differ; a list from the future counts for nothing. */
const CLOCK_SKEW = 60 * 60 * 1000

/** Of two lists the one that begins later counts, and a list tells whole seconds. */
const LATER = 1_000

/** What X.509 has for "at no time". */
const NEVER = new Date('9999-12-31T23:59:59Z')
/** As OpenSSL calls it. */
const TAG = 'X509 CRL'

/** @param serials as hex. @param before the list that this one takes the place of, PEM */
export async function newRevocations(
  authority: Pair,
  serials: readonly string[],
  before: string | undefined,
  now: Date,
): Promise<string> {
  const last = before === undefined ? 0 : readList(before).thisUpdate.getTime() + LATER
  const list = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(authority.certificate).subjectName,
    thisUpdate: new Date(Math.max(now.getTime() - CLOCK_SKEW, last)),
    nextUpdate: NEVER,
    entries: serials.map((serialNumber) => ({
      serialNumber,
      revocationDate: now,
      reason: x509.X509CrlReason.cessationOfOperation,
    })),
    signingKey: await importKey(authority.key),
    signingAlgorithm: SIGNING_ALGORITHM,
  })
  return `${x509.PemConverter.encode(list.rawData, TAG)}\n`
}

function readList(pem: string): x509.X509Crl {
  const [der] = x509.PemConverter.decode(pem)
  if (der === undefined) throw new Error('a list of revoked certificates is no PEM')
  return new x509.X509Crl(der)
}

/** The serials that a list names, as hex. @throws where it is no list */
export const revokedBy = (list: string): string[] =>
  readList(list).entries.map(({ serialNumber }) => serialNumber.toLowerCase())

/** Whether that authority signed a list. */
export const isListOf = async (authority: string, list: string): Promise<boolean> =>
  await readList(list).verify({ publicKey: new x509.X509Certificate(authority).publicKey })

/** The serial of a certificate, as hex. */
export const serialOf = (certificate: string): string =>
  new NodeCertificate(certificate).serialNumber.toLowerCase()

const LISTS = /-----BEGIN X509 CRL-----[\s\S]+?-----END X509 CRL-----/g

/** The lists in a text that may hold certificates as well, each PEM. */
export const listsIn = (text: string): string[] => text.match(LISTS) ?? []

/** By what OpenSSL finds the lists of an authority in a folder: a hash of its name, and a number that begins at 0. */
export function listName(authority: string, number: number): string {
  const subject = new NodeCertificate(authority).subject
  const name = /^CN=([^\n]+)$/.exec(subject)?.[1]
  if (name === undefined) throw new Error(`an authority of the pool has one name, not ${subject}`)
  // OpenSSL's own form of a name: without the differences that do not count.
  const text = Buffer.from(name.trim().replaceAll(/\s+/g, ' ').toLowerCase())
  const tagged = (tag: number, content: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([tag, content.length]), content])
  const commonName = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03])
  const part = tagged(0x31, tagged(0x30, Buffer.concat([commonName, tagged(0x0c, text)])))
  const hash = createHash('sha1').update(part).digest().readUInt32LE(0)
  return `${hash.toString(16).padStart(8, '0')}.r${number}`
}
