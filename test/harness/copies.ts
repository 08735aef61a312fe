import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import { packageTree, SLAPD } from '../../lab/debian/packages.ts'
import type { OwnSlapd } from './slapd.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What administrators do about copies of a directory, by the command line. */

export const PROGRAM = join(import.meta.dirname, '../../deskfleet.ts')

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** A command as an administrator of that server runs it. `told` sees what it says, and may end it. */
export async function deskfleet(
  { ldap }: OwnSlapd,
  args: readonly string[],
  told: (stderr: string, kill: () => void) => void = () => {},
): Promise<Ended> {
  const { bin } = await packageTree(SLAPD)
  const { url, caFile, baseDN, adminDN, adminPasswordFile } = ldap
  const reach = ['--url', url, '--ca', caFile, '--base-dn', baseDN, '--bind-dn', adminDN]
  const child = spawn(
    process.execPath,
    [PROGRAM, 'directory', ...args, ...reach, '--password-file', adminPasswordFile],
    {
      env: { PATH: `${bin}:${process.env.PATH}` },
    },
  )
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
    told(said, () => child.kill('SIGKILL'))
  })
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { stdout, stderr: said, code }
}

export async function newKey(
  t: ExecutionContext,
): Promise<{ readonly file: string; readonly recipient: string }> {
  const file = join(temporaryFolder(), 'room.key')
  const child = spawn(process.execPath, [PROGRAM, 'directory', 'key', file])
  const stdout = await text(child.stdout)
  t.is(statSync(file).mode & 0o777, 0o600)
  const recipient = /age1[a-z0-9]+/.exec(stdout)?.[0] ?? ''
  t.regex(stdout, /ldap:\n {2}copies:\n {4}recipients:\n {6}- age1/)
  t.false(stdout.includes('AGE-SECRET-KEY'))
  return { file, recipient }
}
