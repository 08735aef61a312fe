import 'reflect-metadata'
import { isIP } from 'node:net'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509'
import * as x509 from '@peculiar/x509'

/** What an authority may vouch for (RFC 5280, 4.2.1.10), so that whoever steals its key has the room's page and no other. */

const subtree = (name: Partial<GeneralName>): GeneralSubtree =>
  new GeneralSubtree({ base: new GeneralName(name) })

/** Every address: a kind of name that no constraint mentions would be free. */
const ALL_ADDRESSES = ['0.0.0.0/0', '::/0'].map((iPAddress) => subtree({ iPAddress }))

/** The critical extension: these host names with what is below them, these IPv4 addresses, and nothing else. */
export function onlyFor(names: readonly string[]): x509.Extension {
  const addresses = names
    .filter((name) => isIP(name) === 4)
    .map((name) => subtree({ iPAddress: `${name}/32` }))
  const hosts = names.filter((name) => isIP(name) === 0).map((dNSName) => subtree({ dNSName }))
  const constraints = new NameConstraints({
    permittedSubtrees: new GeneralSubtrees([...hosts, ...addresses]),
    ...(addresses.length > 0 ? {} : { excludedSubtrees: new GeneralSubtrees(ALL_ADDRESSES) }),
  })
  return new x509.Extension(id_ce_nameConstraints, true, AsnConvert.serialize(constraints))
}

/** The names that a certificate of ours is constrained to; undefined where it is not. */
export function namesAllowed(certificate: string): string[] | undefined {
  const extension = new x509.X509Certificate(certificate).getExtension(id_ce_nameConstraints)
  if (!extension) return undefined
  const { permittedSubtrees } = AsnConvert.parse(extension.value, NameConstraints)
  return [...(permittedSubtrees ?? [])].map(({ base }) => base.dNSName ?? base.iPAddress?.split('/')[0] ?? '')
}
