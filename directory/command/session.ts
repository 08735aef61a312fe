import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { type Directory, openDirectory } from '../directory.ts'
import { openCluster, type Reach, reachByCluster } from '../reach.ts'
import { FORMATS, type Format } from './print.ts'
import { UsageError } from './terminal.ts'

/** How a command was told to reach the directory. */
export interface ReachOptions {
  readonly kubeconfig?: string
  readonly url?: string
  readonly ca?: string
  readonly bindDn?: string
  readonly passwordFile?: string
  readonly baseDn?: string
}

export interface OutputOptions {
  readonly output: Format
}

/** A directory to work on, and the cluster it belongs to where one was used to get there. */
export interface Session {
  readonly directory: Directory
  readonly cluster: Reach['cluster']
}

/** Adds the options of {@link ReachOptions}: they are the same for every command on the directory. */
export function withReach(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the cluster whose directory it is (default: as kubectl finds one)')
    .option('--url <url>', 'another directory, as ldaps://ldap.example:636; needs the four options below')
    .option('--ca <file>', "with --url: the certificate authority of the directory's certificate")
    .option('--base-dn <dn>', 'with --url: the suffix, as dc=room,dc=example')
    .option('--bind-dn <dn>', 'with --url: who to bind as')
    .option('--password-file <file>', 'with --url: a file with the password to bind with')
}

export function withOutput(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'how to show it').choices(FORMATS).default('table'),
  )
}

/** Opens the directory for a task and closes it whatever comes. */
export async function inSession<T>(
  options: ReachOptions,
  task: (session: Session) => Promise<T>,
): Promise<T> {
  const reach = options.url
    ? await reachByUrl(options, options.url)
    : await reachByCluster(openCluster(options.kubeconfig))
  const { address, account, baseDN, cluster } = reach
  const directory = openDirectory({ url: address.url, baseDN, reach: async () => ({ address, account }) })
  try {
    return await task({ directory, cluster })
  } finally {
    await directory.close()
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
  return {
    address: { url, ca: await text(ca) },
    account: { dn: bindDn, password: (await text(passwordFile)).trim() },
    baseDN: baseDn,
  }
}

/** Comma-separated names, none empty. */
export const names = (list: string | undefined): string[] =>
  (list ?? '').split(',').flatMap((name) => name.trim() || [])
