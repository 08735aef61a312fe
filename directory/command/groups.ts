import type { Command } from 'commander'
import { apply, describe } from '../changes.ts'
import { normalDN } from '../group.ts'
import { addGroup, mustBeGroup, planGroup, planMembers } from '../groups.ts'
import { readAccounts } from '../search.ts'
import { print } from './print.ts'
import { inSession, names, type OutputOptions, type ReachOptions, withOutput, withReach } from './session.ts'
import type { Terminal } from './terminal.ts'

interface GroupOptions extends ReachOptions {
  readonly dryRun?: boolean
}

interface MemberOptions extends ReachOptions, OutputOptions {
  readonly add?: string
  readonly remove?: string
  readonly dryRun?: boolean
}

/** `deskfleet groups …` */
export function addGroupCommands(program: Command, terminal: Terminal): void {
  const groups = program.command('groups').description('the groups that people are in')
  withReach(groups.command('add <name>'))
    .description('add a group without members')
    .option('--dry-run', 'show what would be written, and write nothing')
    .addHelpText('after', '\nExamples:\n  deskfleet groups add teachers')
    .action((name: string, options: GroupOptions) => add(terminal, name, options))
  withOutput(withReach(groups.command('members <name>')))
    .description('who is in a group; adds and removes members')
    .option('--add <logins>', 'people to put into it, separated by commas')
    .option('--remove <logins>', 'people to take out of it, separated by commas')
    .option('--dry-run', 'show what would be written, and write nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  deskfleet groups members teachers\n  deskfleet groups members teachers --add ada,grace --remove joe',
    )
    .action((name: string, options: MemberOptions) => members(terminal, name, options))
}

async function add(terminal: Terminal, name: string, options: GroupOptions): Promise<void> {
  await inSession(options, async ({ directory }) => {
    if (options.dryRun) {
      terminal.stdout.write((await planGroup(directory, name)).map(describe).join('\n'))
      return
    }
    terminal.stdout.write(`group ${name} added, gid ${await addGroup(directory, name)}\n`)
  })
}

async function members(terminal: Terminal, name: string, options: MemberOptions): Promise<void> {
  await inSession(options, async ({ directory }) => {
    if (options.add !== undefined || options.remove !== undefined) {
      const change = await planMembers(directory, name, {
        add: names(options.add),
        remove: names(options.remove),
      })
      if (options.dryRun) {
        terminal.stdout.write(change ? describe(change) : 'nothing to change\n')
        return
      }
      if (change) await directory.use(`changing ${name}`, (client) => apply(client, change))
      terminal.stderr.write(change ? `group ${name} changed\n` : 'nothing to change\n')
    }
    const group = await mustBeGroup(directory, name)
    const rows = (await readAccounts(directory))
      .flatMap(({ value }) => ('login' in value ? value : []))
      .filter(
        (one) => one.gid === group.gid || group.logins.has(one.login) || group.members.has(normalDN(one.dn)),
      )
      .map(({ login, name, uid }) => ({ login, name, uid }))
      .sort((a, b) => (a.login < b.login ? -1 : 1))
    terminal.stdout.write(print(rows, options.output, `nobody is in ${name}`))
  })
}
