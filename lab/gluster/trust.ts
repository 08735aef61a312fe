import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAuthority } from '../../certificates/authority.ts'
import type { Pair } from '../../certificates/issue.ts'
import { newMember, newMemberKey, publicKeyOf } from '../../certificates/member.ts'

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
  if (certificate.of === 'nobody') return
  const ours = await authority(room)
  const now = new Date()
  const signer = certificate.of === 'room' ? ours : await newAuthority({ name: AUTHORITY }, now)
  const key = await newMemberKey()
  const own = await newMember(signer, certificate.name, new Uint8Array(publicKeyOf(key)), now)
  writeFileSync(join(root, PLACE, 'glusterfs.pem'), own)
  writeFileSync(join(root, PLACE, 'glusterfs.key'), key, { mode: 0o600 })
  writeFileSync(join(root, PLACE, 'glusterfs.ca'), ours.certificate)
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
