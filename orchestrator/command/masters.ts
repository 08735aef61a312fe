import type { Command } from 'commander'
import { type ClusterOptions, withCluster } from '../../cli/cluster.ts'
import { type OutputOptions, withDryRun, withOutput } from '../../cli/options.ts'
import { print, printOne } from '../../cli/output.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { mastersTold, masterTroubles } from '../../cluster/control-plane-guard.ts'
import { readNewest } from '../backup/newest.ts'
import { explainHeirs } from './explain.ts'
import { halt, type OrderOptions, pause, type ReasonOptions, resume, setNever, unpause } from './orders.ts'
import { openRoom } from './room.ts'
import { endedRows, findingOf, headOf, rowsOf } from './status.ts'
import { type StepDownOptions, stepDown } from './step-down.ts'

/** `deskfleet masters …` */
export function addMasterCommands(program: Command, terminal: Terminal): void {
  const masters = program
    .command('masters')
    .description('the PCs that run the control plane, and who follows')
  const command = (name: string, about: string, ...examples: string[]): Command =>
    withCluster(masters.command(name), 'masters')
      .description(about)
      .addHelpText('after', examplesText(examples.map((one) => `deskfleet masters ${one}`)))

  withOutput(
    command(
      'status',
      'which PCs are masters, what goes on, and what is wrong with what to do; exit code 1 while something is',
      'status',
      'status -o json',
    ),
  ).action((options: ClusterOptions & OutputOptions) => status(terminal, options))
  withOutput(
    command(
      'explain [pc]',
      'which PC would be made a master now, and why no other one; or why not that PC',
      'explain',
      'explain pc-7',
    ),
  ).action((pc: string | undefined, options: ClusterOptions & OutputOptions) =>
    explainHeirs(terminal, pc, options),
  )
  withDryRun(
    command(
      'step-down <pc>',
      'make another PC a master in place of that one, as before its repair',
      'step-down pc-2',
      'step-down pc-2 --dry-run',
    ),
  )
    .option('--no-wait', 'ask for it, and do not wait')
    .action((pc: string, options: StepDownOptions) => stepDown(terminal, pc, options))
  withDryRun(
    command(
      'halt',
      'do nothing at all for masters, not even go on with what was begun',
      'halt --reason "I work on the switches"',
    ),
  )
    .option('--reason <text>', 'why, for whoever comes next', 'no reason given')
    .action((options: ReasonOptions) => halt(terminal, options))
  withDryRun(command('resume', 'go on after a halt, whoever called it', 'resume')).action(
    (options: OrderOptions) => resume(terminal, options),
  )
  withDryRun(
    command('pause', 'finish what was begun, and begin nothing new', 'pause --reason "exams until Friday"'),
  )
    .option('--reason <text>', 'why, for whoever comes next', 'no reason given')
    .action((options: ReasonOptions) => pause(terminal, options))
  withDryRun(command('unpause', 'begin operations again', 'unpause')).action((options: OrderOptions) =>
    unpause(terminal, options),
  )
  withDryRun(command('never <pc>', 'keep a PC from ever being made a master', 'never pc-7')).action(
    (pc: string, options: OrderOptions) => setNever(terminal, pc, true, options),
  )
  withDryRun(command('may <pc>', 'let such a PC be made a master after all', 'may pc-7')).action(
    (pc: string, options: OrderOptions) => setNever(terminal, pc, false, options),
  )
}

async function status(
  terminal: Terminal,
  { kubeconfig, output }: ClusterOptions & OutputOptions,
): Promise<void> {
  const { core, guard } = await openRoom(kubeconfig)
  const { items: nodes } = await core.listNode()
  // Who may not read it still sees how old it is: the Guard says that, too.
  const newest = await readNewest(core).catch(() => undefined)
  const now = Date.now()
  const masters = mastersTold(guard, nodes)
  const troubles = masterTroubles(guard, masters, now)
  const findings = troubles.map((trouble) => ({ trouble: trouble.trouble, ...findingOf(trouble, now) }))
  const head = headOf(guard, masters, newest, now)
  const rows = rowsOf(masters, guard.certificates, now)
  const ended = endedRows(guard, now)
  const { stdout } = terminal
  if (output === 'table') {
    const blind = findings.find(({ trouble }) => trouble === 'blind')
    if (blind !== undefined) stdout.write(`${blind.what}\n  ${blind.mend}\n\n`)
    stdout.write(`${printOne(filled(head), output)}\n`)
    stdout.write(print(rows, output, 'no PC is marked as a master', stdout.columns))
    for (const { what, mend } of findings.filter((one) => one !== blind))
      stdout.write(`\n${what}\n  ${mend}\n`)
    if (ended.length > 0) stdout.write(`\n${print(ended.slice(0, SHOWN), output, '', stdout.columns)}`)
  } else stdout.write(printOne({ ...filled(head), pcs: rows, findings, ended }, output))
  const [worst] = findings
  if (worst !== undefined) throw new Error(worst.what)
}

/** So many of the operations that ended last. */
const SHOWN = 5

/** What says nothing is left out. */
const filled = (head: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined && value !== ''))
