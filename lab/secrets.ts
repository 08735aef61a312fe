import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AUTHORITY, LDAP, NAMESPACES } from '../config/names.ts'
import type { BareLab } from './bare.ts'
import type { LabLdap } from './ldap.ts'

/**
 * Puts into the cluster what a Job makes on real nodes (`MADE_IN_CLUSTER` in charts/apps.ts): the directory's
 * passwords and certificates, as this lab's slapd has them. They go to kubectl by stdin, never by argument.
 */
export async function makeSecrets(lab: BareLab, ldap: LabLdap): Promise<void> {
  const [admin, reader, ca] = [ldap.adminPasswordFile, ldap.readerPasswordFile, ldap.caFile].map((file) =>
    readFileSync(file, 'utf8').trimEnd(),
  )
  const tls = join(ldap.caFile, '..')
  const items = [
    secret(NAMESPACES.directory, LDAP.adminSecret, { password: admin }),
    secret(NAMESPACES.directory, LDAP.readerSecret, { password: reader }),
    secret(NAMESPACES.system, LDAP.readerSecret, { password: reader }),
    secret(NAMESPACES.directory, LDAP.tlsSecret, {
      'ca.crt': ca,
      'tls.crt': readFileSync(join(tls, 'tls.crt'), 'utf8'),
      'tls.key': readFileSync(join(tls, 'tls.key'), 'utf8'),
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: AUTHORITY.configMap, namespace: NAMESPACES.system },
      data: { 'ca.crt': ca },
    },
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
