import type { Command } from 'commander'
import { type DryRunOptions, names, type OutputOptions, withDryRun, withOutput } from '../../cli/options.ts'
import { print } from '../../cli/output.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { apply } from '../changes.ts'
import { normalDN } from '../group.ts'
import { addGroup, mustBeGroup, planGroup, planMembers } from '../groups.ts'
import { readAccounts } from '../search.ts'
import { inDirectorySession, NOTHING_TO_CHANGE, type ReachOptions, showPlan, withReach } from './session.ts'

type GroupOptions = ReachOptions & DryRunOptions

interface MemberOptions extends GroupOptions, OutputOptions {
  readonly add?: string
  readonly remove?: string
}

/** `deskfleet groups …` */
export function addGroupCommands(program: Command, terminal: Terminal): void {
  const groups = program.command('groups').description('the groups that people are in')
  withDryRun(withReach(groups.command('add <name>')))
    .description('add a group without members')
    .addHelpText('after', examplesText(['deskfleet groups add teachers']))
    .action((name: string, options: GroupOptions) => add(terminal, name, options))
  withOutput(withDryRun(withReach(groups.command('members <name>'))))
    .description('who is in a group; adds and removes members')
    .option('--add <logins>', 'people to put into it, separated by commas')
    .option('--remove <logins>', 'people to take out of it, separated by commas')
    .addHelpText(
      'after',
      examplesText([
        'deskfleet groups members teachers',
        'deskfleet groups members teachers --add ada,grace --remove joe',
      ]),
    )
    .action((name: string, options: MemberOptions) => members(terminal, name, options))
}

async function add(terminal: Terminal, name: string, options: GroupOptions): Promise<void> {
  await inDirectorySession(options, async ({ directory, confirm }) => {
    if (options.dryRun) return showPlan(terminal, await planGroup(directory, name))
    terminal.stdout.write(`group ${name} added, gid ${await addGroup(directory, name, confirm)}\n`)
    await confirm(`the group ${name} is added`)
  })
}

async function members(terminal: Terminal, name: string, options: MemberOptions): Promise<void> {
  await inDirectorySession(options, async ({ directory, confirm }) => {
    if (options.add !== undefined || options.remove !== undefined) {
      const change = await planMembers(directory, name, {
        add: names(options.add),
        remove: names(options.remove),
      })
      if (options.dryRun) return showPlan(terminal, change ? [change] : [])
      if (change) {
        await directory.use(`changing ${name}`, (client) => apply(client, change))
        await confirm(`the group ${name} is changed`)
      }
      terminal.stderr.write(change ? `group ${name} changed\n` : NOTHING_TO_CHANGE)
    }
    const group = await mustBeGroup(directory, name)
    const rows = (await readAccounts(directory))
      .flatMap(({ value }) => ('login' in value ? value : []))
      .filter(
        (one) => one.gid === group.gid || group.logins.has(one.login) || group.members.has(normalDN(one.dn)),
      )
      .map(({ login, name, uid }) => ({ login, name, uid }))
      .sort((a, b) => (a.login < b.login ? -1 : 1))
    terminal.stdout.write(print(rows, options.output, `nobody is in ${name}`, terminal.stdout.columns))
  })
}
