import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AUTHORITY, GATEWAY, LDAP, LOCKED_PEOPLE, NAMESPACES } from '../../config/names.ts'
import type { BareLab } from './bare.ts'
import type { LabLdap } from './ldap.ts'

/**
 * Puts into the cluster what the Job `make-secrets` makes on real nodes, with the passwords of this lab's slapd, and the
 * authority that signed its certificate as the cluster's. They go to kubectl by stdin, never by argument.
 */
export async function makeSecrets(lab: BareLab, ldap: LabLdap): Promise<void> {
  const [admin, reader, ca] = [ldap.adminPasswordFile, ldap.readerPasswordFile, ldap.caFile].map((file) =>
    readFileSync(file, 'utf8').trimEnd(),
  )
  const items = [
    secret(NAMESPACES.directory, LDAP.adminSecret, { password: admin }),
    secret(NAMESPACES.directory, LDAP.readerSecret, { password: reader }),
    secret(NAMESPACES.system, LDAP.readerSecret, { password: reader }),
    secret(NAMESPACES.system, GATEWAY.sessionsSecret, {}),
    secret(NAMESPACES.system, AUTHORITY.secret, {
      'tls.crt': ca,
      'tls.key': readFileSync(join(ldap.caFile, '..', 'ca.key'), 'utf8'),
    }),
    ...[GATEWAY.revokedConfigMap, GATEWAY.failuresConfigMap, LOCKED_PEOPLE].map((name) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: NAMESPACES.system },
    })),
  ]
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const applied = await lab.run(['apply', '--server-side', '--field-manager=deskfleet-lab', '-f', '-'], {
    input,
  })
  if (applied.code !== 0) throw new Error(`the secrets of the lab were refused: ${applied.stderr.trim()}`)
}

const secret = (namespace: string, name: string, stringData: Record<string, string | undefined>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  type: 'Opaque',
  stringData,
})
