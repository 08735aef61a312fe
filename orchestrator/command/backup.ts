import { constants } from 'node:fs'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from '../../cli/errors.ts'
import { makeKeyFile } from '../../cli/key-file.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { checkCopy } from '../backup/check.ts'
import { unseal } from '../backup/unseal.ts'
import { privateKey } from './private-key.ts'

interface CheckOptions {
  readonly key?: string
  readonly etcdutl: string
}

/** `deskfleet backup …`: keys of etcd's copies, and whether somebody has them. */
export function addBackupCommands(program: Command, terminal: Terminal): void {
  const backup = program.command('backup').description("copies of the cluster's own state, etcd's")
  backup
    .command('key <file>')
    .description(
      'make the key that opens copies: the private one goes into that file alone, the public one is shown',
    )
    .addHelpText('after', examplesText(['deskfleet backup key room-backup.key']))
    .action((file: string) => makeKey(terminal, file))
  backup
    .command('check <copy>')
    .description('whether your key opens a copy, and all is in it that a rescue needs; on any machine')
    .option('--key <file>', 'the private key; without it, it is asked for and typed')
    .option('--etcdutl <path>', "etcd's program that restores", 'etcdutl')
    .addHelpText('after', examplesText(['deskfleet backup check etcd-….age']))
    .action((file: string, options: CheckOptions) => check(terminal, file, options))
}

async function makeKey(terminal: Terminal, file: string): Promise<void> {
  const recipient = await makeKeyFile(terminal, file, [
    'Opens copies of etcd: all Secrets of the room, and the keys of its authorities. Print it and lock it away,',
    'outside the room and not in Git. Without it nobody can rescue the room, and nobody can make it anew.',
  ])
  terminal.stdout.write(`the public key, for which copies are encrypted:\n\n${recipient}\n`)
}

async function check(terminal: Terminal, file: string, { key, etcdutl }: CheckOptions): Promise<void> {
  const text = await privateKey(terminal, key)
  const folder = await mkdtemp(join(tmpdir(), 'deskfleet-backup-'))
  try {
    await access(file, constants.R_OK).catch((error) => {
      throw new UsageError(`${file} cannot be read (${error.code}): check the path`)
    })
    const opened = await unseal(file, text, join(folder, 'opened'))
    if ('unreadable' in opened) throw new Error(`${file}: ${opened.why}`)
    const why = await checkCopy(opened, etcdutl)
    if (why !== undefined) throw new Error(`${file}: ${why}: take another one`)
    const { at, room, etcd } = opened.manifest
    terminal.stdout.write(
      `${basename(file)} opens and is whole: made at ${at}, ${etcd.keys} keys at revision ${etcd.revision}, of the room ${room}\n`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
