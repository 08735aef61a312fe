import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Directory, openDirectory } from '../../directory/directory.ts'
import {
  type LabLdap,
  type LdapHost,
  type LdapReplica,
  type LdapServer,
  startLdap,
} from '../../lab/bare/ldap.ts'

/** A real slapd of one test file's own, to be killed, restarted and removed at will. */
export interface OwnSlapd {
  readonly ldap: LdapServer
  readonly dir: string
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again with what it has, as it was or as another one of several. */
  start(as?: LdapReplica): Promise<void>
  down(): Promise<void>
}

export const BASE = 'dc=room,dc=example'

export const newDir = (): string => mkdtempSync(join(tmpdir(), 'deskfleet-test-slapd-'))

export async function ownSlapd(
  baseDN = BASE,
  { dir = newDir(), replica }: { readonly dir?: string; readonly replica?: LdapReplica } = {},
): Promise<OwnSlapd> {
  const options = { baseDN, ...(replica && { replica }) }
  let running: { pid: number; ended: Promise<unknown> } | undefined
  const host: LdapHost = {
    dir,
    async start(id, command, args, options = {}) {
      const log = openSync(join(dir, `${id}.log`), 'a', 0o600)
      const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...options.env } })
      const ended = once(child, 'exit')
      await once(child, 'spawn')
      if (child.pid === undefined) throw new Error(`${command} has no pid`)
      running = { pid: child.pid, ended }
      // It may end by itself.
      void ended.then(() => {
        if (running?.pid === child.pid) running = undefined
      })
      return child.pid
    },
  }
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (!running) return
    const { pid, ended } = running
    running = undefined
    if (!/\/(ld-linux[^/]*|dash|sh)$/.test(readlinkSync(`/proc/${pid}/exe`)))
      throw new Error(`${pid} is not slapd`)
    process.kill(pid, signal)
    await ended
  }
  return {
    ldap: await startLdap(host, options),
    dir,
    stop,
    start: async (as = replica) => void (await startLdap(host, { baseDN, ...(as && { replica: as }) })),
    async down() {
      await stop('SIGKILL')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A directory bound as one of the two accounts. */
export function directoryOf(ldap: LabLdap, as: 'admin' | 'reader'): Directory {
  return openDirectory({ url: ldap.url, baseDN: ldap.baseDN, reach: async () => reachOf(ldap, as) })
}

export function reachOf(ldap: LabLdap, as: 'admin' | 'reader') {
  const dn = ldap[`${as}DN`]
  const password = readFileSync(ldap[`${as}PasswordFile`], 'utf8')
  return { address: { url: ldap.url, ca: readFileSync(ldap.caFile, 'utf8') }, account: { dn, password } }
}
