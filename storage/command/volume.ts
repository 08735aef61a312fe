import { setTimeout as sleep } from 'node:timers/promises'
import { CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import type { Command } from 'commander'
import { type ClusterOptions, openCluster, readOf, withCluster } from '../../cli/cluster.ts'
import { type DryRunOptions, type OutputOptions, withDryRun, withOutput } from '../../cli/options.ts'
import { print, printOne } from '../../cli/output.ts'
import { examplesText } from '../../cli/run.ts'
import { sizeOf } from '../../cli/size.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { type ToldBrick, type ToldVolume, toldBricks, toldVolume } from '../../cluster/gluster-volume.ts'
import { HEAL_ASKED } from '../../config/labels.ts'
import {
  API_GROUP,
  API_VERSION,
  FIELD_MANAGERS,
  GLUSTER,
  GLUSTER_BRICK,
  GLUSTER_VOLUME,
  NAMESPACES,
} from '../../config/names.ts'
import { addLostCommand } from './lost.ts'
import { addMoveCommand } from './move.ts'
import { addUsageCommand, type ToldUsage, toldUsage } from './usage.ts'

interface LeaveOptions extends ClusterOptions, DryRunOptions {
  readonly undo?: boolean
  readonly wait: boolean
}

/** `deskfleet storage …` */
export function addVolumeCommands(program: Command, terminal: Terminal): void {
  const storage = program.command('storage').description('the volume on the disks of the PCs')
  addMoveCommand(storage, terminal)
  withOutput(withCluster(storage.command('status'), 'storage'))
    .description(
      'copies, sets, free room, and what is wrong with what to do; exit code 1 while homes stand still',
    )
    .addHelpText('after', examplesText(['deskfleet storage status', 'deskfleet storage status -o json']))
    .action((options: ClusterOptions & OutputOptions) => status(terminal, options))
  addUsageCommand(storage, terminal)
  addLostCommand(storage, terminal)
  withDryRun(withCluster(storage.command('retire <pc>'), 'storage'))
    .description('bring what a PC has to others, and say when its plug may be pulled')
    .option('--undo', 'let it stay after all')
    .option('--no-wait', 'ask for it, and do not wait')
    .addHelpText(
      'after',
      examplesText(['deskfleet storage retire pc-3', 'deskfleet storage retire pc-3 --undo']),
    )
    .action((pc: string, options: LeaveOptions) => retire(terminal, pc, options))
  withDryRun(withCluster(storage.command('replace <pc>'), 'storage'))
    .description('let a spare take the place of a PC’s brick now; the PC stays, as a spare')
    .addHelpText('after', examplesText(['deskfleet storage replace pc-3']))
    .action((pc: string, options: ClusterOptions & DryRunOptions) => replace(terminal, pc, options))
  withDryRun(withCluster(storage.command('heal'), 'storage'))
    .description('bring up to date now what is behind; it happens by itself as well')
    .addHelpText('after', examplesText(['deskfleet storage heal']))
    .action((options: ClusterOptions & DryRunOptions) => heal(terminal, options))
}

const OURS = { group: API_GROUP, version: API_VERSION, namespace: NAMESPACES.storage } as const
const MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
const fieldManager = FIELD_MANAGERS.command

interface Told {
  readonly api: CustomObjectsApi
  readonly volume: ToldVolume
  readonly bricks: readonly ToldBrick[]
}

async function told(kubeconfig: string | undefined): Promise<Told> {
  const api = openCluster(kubeconfig).makeApiClient(CustomObjectsApi)
  const of = `GlusterVolume ${NAMESPACES.storage}/${GLUSTER.volume}`
  const advice = 'is storage.kind gluster in cluster.yaml, and was it delivered?'
  const volume = await readOf(of, async () => (await toldVolume(api)) ?? 'none', advice)
  if (volume === 'none') throw new Error(`${of} is not there; ${advice}`)
  return { api, volume, bricks: await toldBricks(api) }
}

async function status(
  terminal: Terminal,
  { kubeconfig, output }: ClusterOptions & OutputOptions,
): Promise<void> {
  // Where nothing was measured yet, or may not be read, all else is shown.
  const usage = await toldUsage(openCluster(kubeconfig)).catch(() => undefined)
  if (usage?.sums.room !== undefined) return directoryStatus(terminal, usage, output)
  const { volume, bricks } = await told(kubeconfig)
  const is = (type: string) => volume.conditions.find((one) => one.type === type)
  const rows = rowsOf(volume, bricks)
  const head = {
    copies: `${volume.copies} of ${volume.wanted}`,
    sets: volume.sets.length,
    room: sizeOf(volume.bytes),
    free: sizeOf(volume.free),
    available: is('Available')?.status ?? 'Unknown',
    healthy: is('Healthy')?.status ?? 'Unknown',
    safeToPull: volume.safeToPull,
    ...usageLines(usage),
  }
  if (output === 'table') {
    terminal.stdout.write(`${printOne(head, output)}\n`)
    terminal.stdout.write(print(rows, output, 'no PC has a brick', terminal.stdout.columns))
    for (const { where, what, mend } of volume.findings)
      terminal.stdout.write(`\n${where}: ${what}\n  ${mend}\n`)
  } else terminal.stdout.write(printOne({ ...head, bricks: rows, findings: volume.findings }, output))
  const available = is('Available')
  if (available?.status !== 'True')
    throw new Error(`homes stand still: ${available?.message || 'no agent has told of them'}`)
}

/** Of a directory that is the same on every PC, or a StorageClass. */
function directoryStatus(terminal: Terminal, usage: ToldUsage, output: OutputOptions['output']): void {
  const { room } = usage.sums
  const head = {
    room: sizeOf(room?.bytes ?? 0),
    free: sizeOf(room?.free ?? 0),
    nearlyFull: room?.tight ? 'yes' : 'no',
    ...usageLines(usage),
  }
  terminal.stdout.write(printOne(head, output))
}

/** What people take up, in short. */
function usageLines(usage: ToldUsage | undefined): Readonly<Record<string, unknown>> {
  if (usage === undefined || usage.sums.sets.length === 0) return {}
  const { people, sets } = usage.sums
  const [most] = people
  return {
    homes: sizeOf(people.reduce((sum, { bytes }) => sum + bytes, 0)),
    measured: sets.map(({ measured }) => measured).sort()[0],
    most: most && `${most.slug ?? most.entryUUID} (${sizeOf(most.bytes)})`,
    ...(usage.limit === undefined
      ? {}
      : { overLimit: `${people.filter(({ over }) => over).length} of ${people.length} people` }),
  }
}

/** A line for each brick: those of the volume by their set, then the others. */
function rowsOf(volume: ToldVolume, bricks: readonly ToldBrick[]) {
  const members = volume.sets.flatMap(({ bricks: ofSet, pending }, at) =>
    ofSet.map(({ pc, state, arbiter }) => ({
      pc,
      set: String(at + 1),
      state: arbiter ? `${state} (arbiter)` : state,
      pending,
    })),
  )
  const others = bricks
    .filter(({ pc }) => !members.some((one) => one.pc === pc))
    .map(({ pc, bytes }) => ({
      pc,
      set: '',
      state: volume.spares.includes(pc) ? 'spare' : bytes === undefined ? 'unknown' : 'not used',
      pending: undefined,
    }))
  return [...members, ...others].map((one) => {
    const brick = bricks.find(({ pc }) => pc === one.pc)
    return {
      ...one,
      state: brick?.fault === undefined ? one.state : `${one.state} (${brick.fault})`,
      size: brick?.bytes === undefined ? undefined : sizeOf(brick.bytes),
      free: brick?.free === undefined ? undefined : sizeOf(brick.free),
      leaves: brick?.retiring ? 'yes' : undefined,
    }
  })
}

function brickOf({ bricks }: Told, pc: string): ToldBrick {
  const found = bricks.find((one) => one.pc === pc)
  if (found !== undefined) return found
  const known = bricks.map((one) => one.pc).join(', ') || 'none'
  throw new Error(`no agent has told of a brick on ${pc}; of these one has: ${known}`)
}

const isMember = ({ sets }: ToldVolume, pc: string): boolean =>
  sets.some(({ bricks }) => bricks.some((one) => one.pc === pc))

const setRetiring = (api: CustomObjectsApi, name: string, retiring: boolean): Promise<unknown> =>
  api.patchNamespacedCustomObject(
    { ...OURS, plural: GLUSTER_BRICK.plural, name, body: { spec: { retiring } }, fieldManager },
    MERGE,
  )

async function retire(terminal: Terminal, pc: string, options: LeaveOptions): Promise<void> {
  const first = await told(options.kubeconfig)
  brickOf(first, pc)
  const { undo = false, dryRun = false, wait } = options
  if (dryRun) {
    const what = undo
      ? 'would stay'
      : isMember(first.volume, pc)
        ? 'would leave once its files are elsewhere'
        : 'would leave'
    terminal.stdout.write(`${pc} ${what} (dry run)\n`)
    return
  }
  await setRetiring(first.api, pc, !undo)
  if (undo) terminal.stdout.write(`${pc} stays\n`)
  else if (wait)
    await waitFor(
      terminal,
      first.api,
      pc,
      ({ safeToPull }) => safeToPull.includes(pc),
      `${pc} is empty: its plug may be pulled`,
    )
  else
    terminal.stdout.write(`${pc} is leaving; "deskfleet storage status" says when its plug may be pulled\n`)
}

async function replace(
  terminal: Terminal,
  pc: string,
  { kubeconfig, dryRun }: ClusterOptions & DryRunOptions,
): Promise<void> {
  const first = await told(kubeconfig)
  brickOf(first, pc)
  const { volume, api } = first
  if (!isMember(volume, pc)) throw new Error(`${pc} has no brick of the volume: there is nothing to replace`)
  const spares = volume.spares.filter((one) => one !== pc)
  if (spares.length === 0) throw new Error('no spare is left: give another PC a brick first')
  if (dryRun) {
    terminal.stdout.write(`a spare (${spares.join(', ')}) would take the place of ${pc} (dry run)\n`)
    return
  }
  await setRetiring(api, pc, true)
  // Its brick is wanted back only until another one has its place; then the PC is a spare like others.
  await waitFor(terminal, api, pc, (now) => !isMember(now, pc), `another brick has the place of ${pc}`)
  await setRetiring(api, pc, false)
}

/** Tells each time that something is news, until it is so. */
async function waitFor(
  terminal: Terminal,
  api: CustomObjectsApi,
  pc: string,
  is: (volume: ToldVolume) => boolean,
  done: string,
): Promise<void> {
  terminal.stdout.write(`what ${pc} has is being brought to others; Ctrl-C stops waiting, and it goes on\n`)
  let before = ''
  for (;;) {
    const volume = await toldVolume(api)
    if (volume !== undefined && is(volume)) break
    const said = (volume?.findings ?? [])
      .filter(
        ({ where, reason }) =>
          where.includes(pc) || ['Waits', 'Unfinished', 'Healing', 'Network'].includes(reason),
      )
      .map(({ where, what }) => `  ${where}: ${what}\n`)
      .join('')
    if (said !== before) terminal.stdout.write(said)
    before = said
    await sleep(2_000)
  }
  terminal.stdout.write(`${done}\n`)
}

async function heal(
  terminal: Terminal,
  { kubeconfig, dryRun }: ClusterOptions & DryRunOptions,
): Promise<void> {
  const { api, volume } = await told(kubeconfig)
  const pending = volume.sets.reduce((sum, one) => sum + one.pending, 0)
  if (dryRun) {
    terminal.stdout.write(`${pending} entries would be brought up to date (dry run)\n`)
    return
  }
  const body = { metadata: { annotations: { [HEAL_ASKED]: new Date().toISOString() } } }
  await api.patchNamespacedCustomObject(
    { ...OURS, plural: GLUSTER_VOLUME.plural, name: GLUSTER.volume, body, fieldManager },
    MERGE,
  )
  terminal.stdout.write(`asked for; ${pending} entries are behind now: see "deskfleet storage status"\n`)
}
