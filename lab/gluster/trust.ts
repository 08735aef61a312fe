import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issue, type KeyPair, makeAuthority } from '../bare/certificates.ts'

/** What a PC shows to the others: that it belongs to the room, under a name; that of another room; or nothing. */
export type Certificate =
  | { readonly of: 'room' | 'another room'; readonly name: string }
  | { readonly of: 'nobody' }

/** Where Debian's Gluster looks for its certificate, its key, and whom it trusts. */
const PLACE = 'etc/ssl'
/** That this file exists is what makes glusterd and its clients speak TLS to each other. */
const MANAGEMENT = 'var/lib/glusterd/secure-access'

/** Lays a certificate into the root of a PC that is off. Everybody speaks TLS from the beginning, with or without one. */
export async function layCertificate(room: string, root: string, certificate: Certificate): Promise<void> {
  mkdirSync(join(root, PLACE), { recursive: true })
  mkdirSync(join(root, 'var/lib/glusterd'), { recursive: true })
  writeFileSync(join(root, MANAGEMENT), '')
  if (certificate.of === 'nobody') return
  const ours = await authority(room)
  const signer = certificate.of === 'room' ? ours : await makeAuthority('another room')
  const own = await issue(signer, { name: certificate.name, hosts: [certificate.name] })
  writeFileSync(join(root, PLACE, 'glusterfs.pem'), own.certificate)
  writeFileSync(join(root, PLACE, 'glusterfs.key'), own.key, { mode: 0o600 })
  writeFileSync(join(root, PLACE, 'glusterfs.ca'), ours.certificate)
}

async function authority(room: string): Promise<KeyPair> {
  const [certificate, key] = [join(room, 'ca.pem'), join(room, 'ca.key')]
  if (!existsSync(certificate)) {
    const made = await makeAuthority('Deskfleet lab storage')
    writeFileSync(key, made.key, { mode: 0o600 })
    writeFileSync(certificate, made.certificate)
  }
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}
