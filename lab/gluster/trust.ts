import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAuthority } from '../../certificates/authority.ts'
import type { Pair } from '../../certificates/issue.ts'
import { newMember, newMemberKey, publicKeyOf } from '../../certificates/member.ts'
import { newRevocations, revokedBy, serialOf } from '../../certificates/revocation.ts'
import { layRevocations } from '../../storage/gluster/pc/glusterd.ts'

/** What a PC shows to the others: that it belongs to the room, under a name; that of another room; or nothing. */
export type Certificate =
  | { readonly of: 'room' | 'another room'; readonly name: string }
  | { readonly of: 'nobody' }

/** Where Debian's Gluster looks for its certificate, its key, and whom it trusts. */
const PLACE = 'etc/ssl'
/** That this file exists is what makes glusterd and its clients speak TLS to each other. */
const MANAGEMENT = 'var/lib/glusterd/secure-access'
/** Of every room the same: names of authorities prove nothing. */
const AUTHORITY = 'Deskfleet authority of the Gluster pool'

/** Lays a certificate into the root of a PC that is off. Everybody speaks TLS from the beginning, with or without one. */
export async function layCertificate(room: string, root: string, certificate: Certificate): Promise<void> {
  mkdirSync(join(root, PLACE), { recursive: true })
  mkdirSync(join(root, 'var/lib/glusterd'), { recursive: true })
  writeFileSync(join(root, MANAGEMENT), '')
  const ours = await authority(room)
  const trusted = `${ours.certificate}${await list(room, ours)}`
  writeFileSync(join(root, PLACE, 'glusterfs.ca'), trusted)
  await layRevocations({ root }, { state: 'var/lib/glusterd', tls: PLACE })
  if (certificate.of === 'nobody') return
  const now = new Date()
  const signer = certificate.of === 'room' ? ours : await newAuthority({ name: AUTHORITY }, now)
  const key = await newMemberKey()
  const own = await newMember(signer, certificate.name, new Uint8Array(publicKeyOf(key)), now)
  writeFileSync(join(root, PLACE, 'glusterfs.pem'), own)
  writeFileSync(join(root, PLACE, 'glusterfs.key'), key, { mode: 0o600 })
}

/** The certificate of that PC counts no more; resolves with whom the others shall trust. */
export async function revoke(room: string, certificate: string): Promise<string> {
  const ours = await authority(room)
  const before = await list(room, ours)
  const serials = [...revokedBy(before), serialOf(certificate)]
  const after = await newRevocations(ours, serials, before, new Date())
  writeFileSync(join(room, LIST), after)
  return `${ours.certificate}${after}`
}

const LIST = 'ca.crl'
async function list(room: string, ours: Pair): Promise<string> {
  const file = join(room, LIST)
  if (!existsSync(file)) writeFileSync(file, await newRevocations(ours, [], undefined, new Date()))
  return readFileSync(file, 'utf8')
}

async function authority(room: string): Promise<Pair> {
  const [certificate, key] = [join(room, 'ca.pem'), join(room, 'ca.key')]
  if (!existsSync(certificate)) {
    const made = await newAuthority({ name: AUTHORITY }, new Date())
    writeFileSync(key, made.key, { mode: 0o600 })
    writeFileSync(certificate, made.certificate)
  }
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}
