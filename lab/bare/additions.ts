import { join } from 'node:path'
import { z } from 'zod'
import { locate } from '../binaries/locate.ts'
import { apiGet } from '../kubectl/api.ts'
import { Conditions, holds } from '../kubectl/conditions.ts'
import { until } from '../run/readiness.ts'
import { changeRecord, readRecord } from '../run/record.ts'
import { runs, startProcess } from '../run/run.ts'
import { clusterBaseDN } from './base-dn.ts'
import { type Credentials, openCredentials } from './credentials.ts'
import { hollowName, startHollowNodes } from './hollow.ts'
import type { LdapHost } from './ldap.ts'

/** Brings the number of hollow nodes of a running lab to `count`, if it has fewer, and waits until they are Ready. */
export async function addHollowNodes(
  dir: string,
  count: number,
  progress: (line: string) => void,
): Promise<void> {
  const record = readRecord(dir)
  if (!record?.server || count === 0) return
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const missing = numbers.filter((number) => !record.processes.some((one) => one.id === hollowName(number)))
  if (missing.length === 0) return
  const { server } = record
  const credentials = openCredentials(dir)
  const binaries = await locate(['hollow'], { assets: process.env.KUBEBUILDER_ASSETS, progress })
  const kubemark = binaries.get('kubemark') ?? 'kubemark'
  progress(`starting ${missing.length} hollow node${missing.length > 1 ? 's' : ''}`)
  await startHollowNodes(dir, server, credentials, kubemark, missing)
  const outcome = await until(
    'a hollow node',
    60_000,
    async () =>
      (await Promise.all(missing.map((number) => isReady(server, credentials, number)))).every(Boolean),
    () => missing.every((number) => runs(dir, hollowName(number))),
  )
  if (!outcome.ready) throw new Error(`${outcome.reason}: see ${join(dir, 'hollow-*.log')}`)
}

/** Gives a running lab its slapd, unless it has one. */
export async function addLdap(dir: string, progress: (line: string) => void): Promise<void> {
  if (readRecord(dir)?.ldap) return
  progress('starting slapd')
  // Loaded only here: a lab without a directory needs neither the chart nor Debian's packages.
  const { startLdap } = await import('./ldap.ts')
  const start: LdapHost['start'] = (id, command, args, options) =>
    startProcess(dir, id, command, args, options)
  const ldap = await startLdap({ dir, start }, { baseDN: clusterBaseDN(), progress })
  await changeRecord(dir, (record) => ({ ...record, ldap }))
}

const Node = z.object({ status: z.object({ conditions: Conditions.nullish() }) })

async function isReady(server: string, credentials: Credentials, number: number): Promise<boolean> {
  const { status, body } = await apiGet(server, credentials, `/api/v1/nodes/${hollowName(number)}`)
  if (status !== 200) return false
  return holds(Node.parse(JSON.parse(body)).status.conditions, 'Ready')
}
