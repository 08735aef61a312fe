/**
 * `lab/`: A real Kubernetes, LDAP, Gluster and Argo CD on one Linux machine: a control plane in seconds, or a whole
 * room of PCs.
 */

import { Command, InvalidArgumentError } from 'commander'
import { BARE_LAB, open, up } from './bare/bare.ts'
import { argoCdManifests } from './delivery/argo-cd.ts'
import { ETCD } from './etcd/etcd.ts'
import { GLUSTER } from './gluster/gluster.ts'
import { MACHINE_ALONE } from './machine/alone.ts'
import { BLANK_ROOM } from './room/blank-room.ts'
import { roomCommand } from './room/command.ts'
import { ROOM } from './room/room.ts'
import { onInterrupt } from './run/interrupt.ts'
import { abandon, down, faultOf, type Judged } from './run/life.ts'
import { DEFAULT_NAME, runFolder } from './run/places.ts'
import { residentMiB } from './run/processes.ts'
import { readRecord, runNames } from './run/record.ts'

/** `npm run lab -- …`: results on stdout, progress and complaints on stderr, exit code 1 when it did not work. */
const progress = (line: string): void => console.error(line)

const program = new Command('lab')
  .description(
    'A real Kubernetes control plane on this machine, on 127.0.0.1 only: etcd, kube-apiserver, controller manager ' +
      'and scheduler as processes, with the custom resource definitions of Argo CD and Flux.',
  )
  .addHelpText('after', '\nWhat it does and where it leaves its things: docs/lab.md')

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--name <name>', 'which lab; labs of different names run side by side', DEFAULT_NAME)
}

command('up', 'start the lab, or add to a running one what is asked for')
  .option(
    '--hollow <count>',
    'hollow nodes it shall have: kubelets without containers, in a network of their own',
    atMost200,
    0,
  )
  .option('--ldap', 'give it a real slapd')
  .option(
    '--gluster <count>',
    'PCs it shall have with a disk and a real glusterd each, in a network of their own; needs root',
    atMost200,
    0,
  )
  .action(async (wish: { name: string; hollow: number; ldap?: boolean; gluster: number }) => {
    const { name, hollow, ldap, gluster } = wish
    onInterrupt(() => abandon(name), progress)
    const lab = await up({ name, hollow, ldap: ldap ?? false, gluster, progress })
    console.log(`lab "${name}" runs at ${lab.server}`)
    console.log(`export KUBECONFIG=${lab.kubeconfig}`)
  })

command('down', 'end everything that the lab started and remove its folder').action(
  async ({ name }: { name: string }) => {
    progress((await down(name)) ? `lab "${name}" is gone` : `there is no lab "${name}"`)
  },
)

program.addCommand(roomCommand(progress))

program
  .command('argo-cd')
  .description(
    'print the manifests of the pinned Argo CD, for a cluster that reaches no other registry than yours',
  )
  .requiredOption(
    '--image <reference>',
    'the image of images/argocd, as the PCs pull it, pinned by digest or tag',
  )
  .action(async ({ image }: { image: string }) => {
    process.stdout.write(await argoCdManifests(image))
  })

program
  .command('status')
  .description('what runs, with process ids and memory; exit code 1 when something is not well')
  .option('--name <name>', 'only that lab; default: all')
  .action(async ({ name }: { name?: string }) => {
    const names = name === undefined ? runNames() : [name]
    if (names.length === 0) console.log('no lab runs: npm run lab -- up')
    const states = await Promise.all(names.map(statusOf))
    if (names.length === 0 || states.includes(false)) process.exitCode = 1
  })

command('kubeconfig', "print the path of the running lab's kubeconfig, and nothing else").action(
  async ({ name }: { name: string }) => {
    const lab = await open(name)
    if (!lab) throw new Error(`no healthy lab "${name}" runs: npm run lab -- up --name ${name}`)
    console.log(lab.kubeconfig)
  },
)

const KINDS: readonly Judged[] = [BARE_LAB, ROOM, BLANK_ROOM, MACHINE_ALONE, GLUSTER, ETCD]

/** Prints one run; resolves with whether it is well. */
async function statusOf(name: string): Promise<boolean> {
  const dir = runFolder(name)
  const record = readRecord(dir)
  const kind = KINDS.find((one) => one.name === record?.kind)
  const fault = kind
    ? await faultOf(kind, dir)
    : 'it does not run, or is of a kind that this lab does not know'
  console.log(`${name}: ${fault ? `not well, ${fault}` : `${kind?.name}, ready at ${record?.server ?? dir}`}`)
  for (const { id, process: known } of record?.processes ?? []) {
    const memory = known && residentMiB(known.pid)
    console.log(`  ${id.padEnd(26)}${known?.pid ?? '-'}\t${memory === undefined ? 'gone' : `${memory} MiB`}`)
  }
  return fault === undefined
}

function atMost200(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 0 && count <= 200) return count
  throw new InvalidArgumentError('It is a whole number from 0 to 200.')
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(`lab: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
