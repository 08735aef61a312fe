import type { Command } from 'commander'
import { describe } from '../changes.ts'
import { DirectoryError } from '../errors.ts'
import {
  addPerson,
  mustBePerson,
  type NewPerson,
  passwordChange,
  planPerson,
  setPassword,
} from '../people.ts'
import { rollOf, takeCensus } from '../sync/census.ts'
import { identityState } from './identity-state.ts'
import { print, printOne } from './print.ts'
import { inSession, names, type OutputOptions, type ReachOptions, withOutput, withReach } from './session.ts'
import { askPassword, generatePassword, type Terminal, UsageError } from './terminal.ts'

interface AddOptions extends ReachOptions {
  readonly name?: string
  readonly groups?: string
  readonly shell: string
  readonly passwordStdin?: boolean
  readonly dryRun?: boolean
}

interface PasswordOptions extends ReachOptions {
  readonly passwordStdin?: boolean
  readonly dryRun?: boolean
}

/** `deskfleet people …` */
export function addPeopleCommands(program: Command, terminal: Terminal): void {
  const people = program.command('people').description('the people who may have a desktop')
  withReach(people.command('add <login>'))
    .description('add somebody: a uid of their own, a home, a password')
    .option('--name <name>', 'what people call them (default: the login)')
    .option('--groups <names>', 'further groups, separated by commas')
    .option('--shell <path>', 'their shell in a terminal', '/bin/bash')
    .option(
      '--password-stdin',
      'read the password from stdin; else it is asked for, or made up and shown once',
    )
    .option('--dry-run', 'show what would be written, and write nothing')
    .addHelpText(
      'after',
      `
Examples:
  deskfleet people add ada --name "Ada Lovelace" --groups administrators
  pass show room/ada | deskfleet people add ada --password-stdin
  deskfleet people add ada --dry-run`,
    )
    .action((login: string, options: AddOptions) => add(terminal, login, options))
  withReach(people.command('passwd <login>'))
    .description("set somebody's password; it also lifts a lock after wrong ones")
    .option('--password-stdin', 'read the password from stdin instead of asking for it')
    .option('--dry-run', 'show what would be written, and write nothing')
    .addHelpText('after', '\nExamples:\n  deskfleet people passwd ada')
    .action((login: string, options: PasswordOptions) => passwd(terminal, login, options))
  withOutput(withReach(people.command('list')))
    .description('everybody, and who is refused and why')
    .addHelpText('after', '\nExamples:\n  deskfleet people list\n  deskfleet people list -o json')
    .action((options: ReachOptions & OutputOptions) => list(terminal, options))
  withOutput(withReach(people.command('show <login>')))
    .description('one person, in the directory and in the cluster')
    .addHelpText('after', '\nExamples:\n  deskfleet people show ada\n  deskfleet people show ada -o yaml')
    .action((login: string, options: ReachOptions & OutputOptions) => show(terminal, login, options))
}

async function add(terminal: Terminal, login: string, options: AddOptions): Promise<void> {
  const given = options.dryRun
    ? undefined
    : await askPassword(terminal, options.passwordStdin ?? false, login)
  const password = given ?? generatePassword()
  const name = options.name?.trim() || login
  const person: NewPerson = { login, name, groups: names(options.groups), shell: options.shell, password }
  await inSession(options, async ({ directory }) => {
    if (options.dryRun) {
      terminal.stdout.write((await planPerson(directory, person)).map(describe).join('\n'))
      return
    }
    const tell = () => {
      if (given === undefined) terminal.stdout.write(`password, shown only now: ${password}\n`)
    }
    try {
      const uid = await addPerson(directory, person)
      terminal.stdout.write(`${login} added, uid ${uid}\n`)
      tell()
    } catch (error) {
      // They are there all the same, and nobody else knows the password.
      if (error instanceof DirectoryError && error.problem === 'notJoined') tell()
      throw error
    }
  })
}

async function passwd(terminal: Terminal, login: string, options: PasswordOptions): Promise<void> {
  await inSession(options, async ({ directory }) => {
    // Before anything is typed: a mistyped login is found at once.
    const { dn } = await mustBePerson(directory, login)
    if (options.dryRun) {
      terminal.stdout.write(describe(passwordChange(dn, '')))
      return
    }
    const password = await askPassword(terminal, options.passwordStdin ?? false, login)
    if (password === undefined)
      throw new UsageError('no terminal to ask on: give the password by --password-stdin')
    if (password.trim() === '') throw new DirectoryError('blankPassword', `the password of ${login}`)
    await setPassword(directory, login, password)
    terminal.stdout.write(`password of ${login} set\n`)
  })
}

async function list(terminal: Terminal, options: ReachOptions & OutputOptions): Promise<void> {
  await inSession(options, async ({ directory }) => {
    const census = await takeCensus(directory)
    const { people, findings } = rollOf(census)
    const rows = people.map(({ name, spec }) => ({
      login: spec.login,
      name,
      uid: spec.uid,
      groups: spec.groups.map((group) => group.name),
    }))
    terminal.stdout.write(
      print(rows, options.output, 'nobody yet: "deskfleet people add LOGIN" adds somebody'),
    )
    for (const one of findings) terminal.stderr.write(`refused: ${one.message}\n`)
    const locked = [...census.accounts.values()].flatMap(({ value }) =>
      'login' in value && value.locked ? value.login : [],
    )
    if (locked.length > 0) terminal.stderr.write(`locked by an administrator: ${locked.sort().join(', ')}\n`)
  })
}

async function show(terminal: Terminal, login: string, options: ReachOptions & OutputOptions): Promise<void> {
  await inSession(options, async ({ directory, cluster }) => {
    const account = await mustBePerson(directory, login)
    const { people, findings } = rollOf(await takeCensus(directory))
    const person = people.find((one) => one.spec.login === login)
    const refused = findings.find((one) => one.subject === login)?.message
    const { name, dn, uid, gid, shell, entryUUID } = account
    const groups = person?.spec.groups.map((group) => group.name) ?? []
    const state = account.locked ? 'locked' : person ? 'fit' : `refused: ${refused}`
    const found = {
      login,
      name,
      dn,
      uid,
      gid,
      groups,
      home: `/home/${login}`,
      shell,
      entryUUID,
      directory: state,
    }
    const inCluster = cluster ? await identityState(cluster, login) : {}
    terminal.stdout.write(printOne({ ...found, ...inCluster }, options.output))
  })
}
