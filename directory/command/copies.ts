import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { UsageError } from '../../cli/errors.ts'
import { runInPod } from '../../cli/exec.ts'
import { makeKeyFile } from '../../cli/key-file.ts'
import { writeNew } from '../../cli/new-file.ts'
import { type DryRunOptions, names, withDryRun } from '../../cli/options.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { isRecipient } from '../../config/copies.ts'
import { LDAP, NAMESPACES } from '../../config/names.ts'
import { type AsRoot, rootCommand, rootHere } from '../as-root.ts'
import { type Manifest, seal, unseal } from '../copy.ts'
import type { LdifEntry } from '../ldif.ts'
import { differences, planRestore, type Step } from '../restore.ts'
import { mustBeWhole } from '../restoring.ts'
import { takeSnapshot } from '../snapshot.ts'
import { type DirectorySession, inDirectorySession, type ReachOptions, withReach } from './session.ts'

interface CopyOptions extends ReachOptions {
  readonly for: string
}

interface RestoreOptions extends ReachOptions, DryRunOptions {
  readonly key: string
  readonly socket?: string
  readonly beside?: boolean
}

/** slapd's socket in its pod. */
const SOCKET = '/run/slapd/ldapi'
/** Entries that are sent at once. */
const AT_ONCE = 200

/** `deskfleet directory …` */
export function addCopyCommands(program: Command, terminal: Terminal): void {
  const directory = program
    .command('directory')
    .description('copies of the whole directory, and back from one')
  directory
    .command('key <file>')
    .description(
      'make the key that opens copies: the private one goes into that file alone, the public one is shown',
    )
    .addHelpText('after', examplesText(['deskfleet directory key room-copies.key']))
    .action((file: string) => makeKey(terminal, file))
  withReach(directory.command('copy <file>'))
    .description('copy the directory now, into a file here; each night the room does so by itself')
    .requiredOption('--for <keys>', 'public keys that it is encrypted for, separated by commas')
    .addHelpText('after', examplesText(['deskfleet directory copy today.age --for age1…']))
    .action((file: string, options: CopyOptions) => copyNow(terminal, file, options))
  withDryRun(withReach(directory.command('restore <file>')))
    .description(
      'put a copy into an empty directory: same people, uids, passwords, groups, and so the same homes',
    )
    .requiredOption('--key <file>', 'the private key')
    .option('--beside', 'the directory holds people: they stay as they are, those who are missing are added')
    .option('--socket <path>', "with --url, on the machine where slapd runs, as its user: slapd's own socket")
    .addHelpText(
      'after',
      examplesText([
        'deskfleet directory restore directory-….age --key room-copies.key --dry-run',
        'deskfleet directory restore directory-….age --key room-copies.key',
      ]),
    )
    .action((file: string, options: RestoreOptions) => restore(terminal, file, options))
}

async function makeKey(terminal: Terminal, file: string): Promise<void> {
  const recipient = await makeKeyFile(terminal, file, [
    'Opens copies of the directory, with every hash of a password in them. Print it and lock it away, outside',
    'the room and not in Git. Without it nobody can read a copy, and nobody can make it anew.',
  ])
  terminal.stdout.write(`for cluster.yaml:\n\nldap:\n  copies:\n    recipients:\n      - ${recipient}\n`)
}

async function copyNow({ stdout }: Terminal, file: string, options: CopyOptions): Promise<void> {
  const recipients = names(options.for)
  const odd = recipients.find((one) => !isRecipient(one))
  if (recipients.length === 0 || odd !== undefined)
    throw new UsageError(`"${odd ?? ''}" is no public key: "deskfleet directory key FILE" makes one`)
  await inDirectorySession(options, async ({ directory }) => {
    await mustBeWhole(directory)
    const { manifest, bytes } = await seal(
      directory.baseDN,
      await takeSnapshot(directory),
      new Date(),
      recipients,
    )
    await writeNew(file, bytes)
    stdout.write(`${about(manifest)}\n${file}: ${bytes.length} bytes\n`)
  })
}

async function restore(terminal: Terminal, file: string, options: RestoreOptions): Promise<void> {
  const { stdout, stderr } = terminal
  if (options.socket !== undefined && !options.url) throw new UsageError('--socket needs --url as well')
  const copy = await unseal(await readGiven(file), (await readGiven(options.key)).toString('utf8'))
  if ('unreadable' in copy) throw new Error(`${file}: ${copy.message}`)
  stderr.write(`${about(copy.manifest)}\n`)
  await inDirectorySession(options, async (session) => {
    const { directory, confirm } = session
    const present = (await takeSnapshot(directory)).entries
    const plan = planRestore({ copy, present, baseDN: directory.baseDN, beside: options.beside ?? false })
    if ('refusal' in plan) throw new Error(plan.refusal)
    stderr.write(`${plan.people} people are to be added, in ${plan.steps.length} changes\n`)
    if (options.dryRun) return showSteps(terminal, plan.steps)
    await carryOut(terminal, plan.steps, rootOf(session, options))
    await confirm('the copy is restored')
    // Beside others, those who were there may have changed since the copy.
    await prove(options.beside ? plan.added : copy.entries, session)
    stdout.write(`${copy.manifest.people} people and ${copy.manifest.groups} groups are as they were\n`)
  })
}

function rootOf({ cluster, pod }: DirectorySession, { socket }: RestoreOptions): AsRoot {
  if (socket !== undefined) return rootHere(socket)
  if (!cluster || pod === undefined)
    throw new UsageError("a directory of the site's own is restored on its machine: give --url and --socket")
  return async (ldif) => {
    const stdin = Buffer.from(ldif)
    const command = rootCommand(SOCKET, stdin.length)
    await runInPod(cluster, NAMESPACES.directory, LDAP.service, command, { pod, stdin })
  }
}

async function carryOut({ stderr }: Terminal, steps: readonly Step[], asRoot: AsRoot): Promise<void> {
  for (let at = 0; at < steps.length; at += AT_ONCE) {
    const part = steps.slice(at, at + AT_ONCE)
    try {
      await asRoot(part.map(({ ldif }) => ldif).join(''))
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      throw new Error(`${said}: the restore stopped; run the same command again, and it goes on from there`)
    }
    stderr.write(`${at + part.length} of ${steps.length} changes\n`)
  }
}

/** Reads it all again: what slapd said is not what counts. */
async function prove(entries: readonly LdifEntry[], { directory }: DirectorySession): Promise<void> {
  const found = differences(entries, (await takeSnapshot(directory)).entries)
  if (found.length === 0) return
  const shown = found.slice(0, 10).join('; ')
  throw new Error(`${found.length} entries are not as they were in the copy: ${shown}`)
}

/** Passwords and their history are never shown. */
function showSteps({ stdout }: Terminal, steps: readonly Step[]): void {
  for (const { kind, dn } of steps) stdout.write(`${kind} ${dn}\n`)
}

const about = ({ room, at, people, groups }: Manifest): string =>
  `a copy of ${room}, made at ${at}, with ${people} people and ${groups} groups`

const readGiven = (file: string): Promise<Buffer> =>
  readFile(file).catch((error) => {
    throw new UsageError(`${file} cannot be read (${error.code}): check the path`)
  })
