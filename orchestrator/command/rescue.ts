import { tmpdir } from 'node:os'
import type { Command } from 'commander'
import { type DryRunOptions, withDryRun } from '../../cli/options.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { systemClock } from '../../service/clock.ts'
import { COPIES } from '../backup/fetch-job.ts'
import { openFolder, type Place } from '../backup/place.ts'
import { runToEnd } from '../backup/run-program.ts'
import { rescue } from '../rescue/rescue.ts'
import { privateKey } from './private-key.ts'

interface Options extends DryRunOptions {
  readonly copies: string
  readonly copy?: string
  readonly key?: string
  readonly name?: string
  readonly address?: string
  readonly kubeadm: string
  readonly etcdutl: string
}

/** Ms for the kubelet to start etcd and the API server. */
const PATIENCE = 600_000

/** `deskfleet rescue` */
export function addRescueCommand(program: Command, terminal: Terminal): void {
  withDryRun(program.command('rescue'))
    .description(
      'when no master is left: from the newest copy of etcd to a control plane on this PC. Needs no API; refuses where one lives',
    )
    .option('--copies <folder>', 'where copies lie', COPIES)
    .option('--copy <name>', 'one of them, instead of the newest that is good')
    .option('--key <file>', 'the private key; without it, it is asked for and typed')
    .option('--name <node>', "this PC's name as a Node; default: its host name")
    .option('--address <ip>', 'by which the others know this PC; default: its only one')
    .option('--kubeadm <path>', 'kubeadm, of the version of the cluster', 'kubeadm')
    .option('--etcdutl <path>', "etcd's program that restores", 'etcdutl')
    .addHelpText(
      'after',
      examplesText([
        'deskfleet rescue --dry-run',
        'deskfleet rescue --copies /mnt/usb --key room-copies.key',
      ]),
    )
    .action((options: Options) => run(terminal, options))
}

async function run(terminal: Terminal, options: Options): Promise<void> {
  const { name, address, kubeadm, etcdutl } = options
  await rescue({
    place: only(openFolder(options.copies), options.copy),
    key: await privateKey(terminal, options.key),
    wish: { ...(name === undefined ? {} : { name }), ...(address === undefined ? {} : { address }) },
    hands: { root: '/', kubeadm, etcdutl, restartKubelet, clock: systemClock, patience: PATIENCE },
    scratch: tmpdir(),
    dryRun: options.dryRun ?? false,
    tell: (line) => terminal.stderr.write(`${line}\n`),
  })
}

const only = (place: Place, name: string | undefined): Place =>
  name === undefined
    ? place
    : { ...place, list: async () => (await place.list()).filter((copy) => copy.name === name) }

async function restartKubelet(): Promise<void> {
  const done = await runToEnd('systemctl', ['restart', 'kubelet'])
  if ('failed' in done) throw new Error(done.failed)
}
