import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type ClusterOptions, openCluster, withCluster } from '../../cli/cluster.ts'
import { UsageError } from '../../cli/errors.ts'
import { names } from '../../cli/options.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { type Change, describe } from '../changes.ts'
import { type Confirm, confirmBy } from '../confirm.ts'
import type { Address } from '../connect.ts'
import { type Directory, openDirectory } from '../directory.ts'
import { type Reach, reachByCluster } from './reach.ts'

/** How a command was told to reach the directory. */
export interface ReachOptions extends ClusterOptions {
  readonly url?: string
  readonly ca?: string
  readonly bindDn?: string
  readonly passwordFile?: string
  readonly servers?: string
  readonly baseDn?: string
}

/** A directory to work on, and the cluster it belongs to where one was used to get there. */
export interface DirectorySession {
  readonly directory: Directory
  /** As whom. */
  readonly bindDN: string
  readonly cluster: Reach['cluster']
  readonly pod: Reach['pod']
  /** To be awaited after a write, before it is told as done. */
  readonly confirm: Confirm
}

/** Adds the options of {@link ReachOptions}: they are the same for every command on the directory. */
export function withReach(command: Command): Command {
  return withCluster(command, 'directory')
    .option('--url <url>', 'another directory, as ldaps://ldap.example:636; needs the four options below')
    .option('--ca <file>', "with --url: the certificate authority of the directory's certificate")
    .option('--base-dn <dn>', 'with --url: the suffix, as dc=room,dc=example')
    .option('--bind-dn <dn>', 'with --url: who to bind as')
    .option('--password-file <file>', 'with --url: a file with the password to bind with')
    .option(
      '--servers <urls>',
      'with --url: further servers of the same directory, separated by commas; what is written counts when one of them has it',
    )
}

/** Opens the directory for a task and closes it whatever comes. */
export async function inDirectorySession<T>(
  options: ReachOptions,
  task: (session: DirectorySession) => Promise<T>,
): Promise<T> {
  const reach = options.url
    ? await reachByUrl(options, options.url)
    : await reachByCluster(openCluster(options.kubeconfig, 'give --url to work without one'))
  const { address, others, account, baseDN, cluster, pod } = reach
  const open = (at: Address) =>
    openDirectory({ url: at.url, baseDN, reach: async () => ({ address: at, account }) })
  const directory = open(address)
  const servers = others.map(open)
  try {
    return await task({ directory, bindDN: account.dn, cluster, pod, confirm: confirmBy(directory, servers) })
  } finally {
    await Promise.all([directory, ...servers].map((one) => one.close()))
  }
}

async function reachByUrl(options: ReachOptions, url: string): Promise<Reach> {
  const { ca, bindDn, passwordFile, baseDn } = options
  if (!ca || !bindDn || !passwordFile || !baseDn) {
    throw new UsageError('--url needs --ca, --base-dn, --bind-dn and --password-file as well')
  }
  const text = (file: string): Promise<string> =>
    readFile(file, 'utf8').catch((error) => {
      throw new UsageError(`${file} cannot be read (${error.code}): check the path`)
    })
  const base = { ca: await text(ca) }
  return {
    address: { url, ...base },
    others: names(options.servers).map((other) => ({ url: other, ...base })),
    account: { dn: bindDn, password: (await text(passwordFile)).trim() },
    baseDN: baseDn,
  }
}

/** What `--dry-run` shows: the changes as LDIF, none of them written. */
export function showPlan({ stdout }: Terminal, changes: readonly Change[]): void {
  stdout.write(changes.length === 0 ? NOTHING_TO_CHANGE : changes.map(describe).join('\n'))
}

export const NOTHING_TO_CHANGE = 'nothing to change\n'
