import type { Command } from 'commander'
import { UsageError } from '../../cli/errors.ts'
import { type DryRunOptions, names, type OutputOptions, withDryRun, withOutput } from '../../cli/options.ts'
import { print, printOne } from '../../cli/output.ts'
import { askPassword } from '../../cli/password.ts'
import { examplesText } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { LIST_GONE } from '../../cluster/locked-people.ts'
import { lockIn } from '../../config/lock.ts'
import { LOGIN_PATTERN, slugOf } from '../../config/names.ts'
import { apply } from '../changes.ts'
import type { Directory } from '../directory.ts'
import { DirectoryError } from '../errors.ts'
import { generatePassword } from '../generated-password.ts'
import { normalDN } from '../group.ts'
import { oneTimeChange } from '../one-time-password.ts'
import {
  addPerson,
  mustBePerson,
  type NewPerson,
  passwordChange,
  personDN,
  planPerson,
  removal,
  removePerson,
  setPassword,
} from '../people.ts'
import type { Person } from '../person.ts'
import { peopleDN } from '../search.ts'
import { rollOf, takeCensus } from '../sync/census.ts'
import { locksInCluster, lockWords } from './cluster-lock.ts'
import { identityState } from './identity-state.ts'
import { type LockOptions, lock, unlock } from './lock.ts'
import { inDirectorySession, type ReachOptions, showPlan, withReach } from './session.ts'

interface PasswordOptions extends ReachOptions, DryRunOptions {
  readonly passwordStdin?: boolean
}

interface NewPasswordOptions extends PasswordOptions {
  readonly oneTime?: boolean
}

interface AddOptions extends PasswordOptions {
  readonly name?: string
  readonly groups?: string
  readonly shell: string
}

/** `deskfleet people …` */
export function addPeopleCommands(program: Command, terminal: Terminal): void {
  const people = program.command('people').description('the people who may have a desktop')
  withDryRun(withReach(people.command('add <login>')))
    .description('add somebody: a uid of their own, a home, a password')
    .option('--name <name>', 'what people call them (default: the login)')
    .option('--groups <names>', 'further groups, separated by commas')
    .option('--shell <path>', 'their shell in a terminal', '/bin/bash')
    .option(
      '--password-stdin',
      'read the password from stdin; else it is asked for, or made up and shown once',
    )
    .addHelpText(
      'after',
      examplesText([
        'deskfleet people add ada --name "Ada Lovelace" --groups administrators',
        'pass show room/ada | deskfleet people add ada --password-stdin',
        'deskfleet people add ada --dry-run',
      ]),
    )
    .action((login: string, options: AddOptions) => add(terminal, login, options))
  withDryRun(withReach(people.command('passwd <login>')))
    .description(
      "set somebody's password: what was begun with the old one ends; lifts a lock after wrong ones, too",
    )
    .option('--password-stdin', 'read the password from stdin instead of asking for it')
    .option(
      '--one-time',
      'make one up and show it once; with it they can but choose another. Helpers may do this, bound as themselves',
    )
    .addHelpText(
      'after',
      examplesText(['deskfleet people passwd ada', 'deskfleet people passwd ada --one-time']),
    )
    .action((login: string, options: NewPasswordOptions) => passwd(terminal, login, options))
  withDryRun(withReach(people.command('lock <login>')))
    .description(
      'lock somebody out at once, whether LDAP answers or not: sessions, desktop and pods end; files stay',
    )
    .option('--reason <text>', 'why, for other administrators')
    .addHelpText(
      'after',
      examplesText(['deskfleet people lock ada', 'deskfleet people lock ada --reason "stolen laptop"']),
    )
    .action((login: string, options: LockOptions) => lock(terminal, login, options))
  withDryRun(withReach(people.command('unlock <login>')))
    .description('let somebody in again, also after wrong passwords')
    .addHelpText('after', examplesText(['deskfleet people unlock ada']))
    .action((login: string, options: LockOptions) => unlock(terminal, login, options))
  withDryRun(withReach(people.command('remove <login>')))
    .description(
      'remove somebody: sessions and desktop end within a minute; ten minutes later the home is in the trash',
    )
    .addHelpText(
      'after',
      examplesText(['deskfleet people remove ada', 'deskfleet people remove ada --dry-run']),
    )
    .action((login: string, options: ReachOptions & DryRunOptions) => remove(terminal, login, options))
  withOutput(withReach(people.command('list')))
    .description('everybody, and who is refused and why')
    .addHelpText('after', examplesText(['deskfleet people list', 'deskfleet people list -o json']))
    .action((options: ReachOptions & OutputOptions) => list(terminal, options))
  withOutput(withReach(people.command('show <login>')))
    .description('one person, in the directory and in the cluster')
    .addHelpText('after', examplesText(['deskfleet people show ada', 'deskfleet people show ada -o yaml']))
    .action((login: string, options: ReachOptions & OutputOptions) => show(terminal, login, options))
}

async function add(terminal: Terminal, login: string, options: AddOptions): Promise<void> {
  const given = options.dryRun
    ? undefined
    : await askPassword(terminal, options.passwordStdin ?? false, login)
  const password = given ?? generatePassword()
  const name = options.name?.trim() || login
  const person: NewPerson = { login, name, groups: names(options.groups), shell: options.shell, password }
  await inDirectorySession(options, async ({ directory, confirm }) => {
    if (options.dryRun) return showPlan(terminal, await planPerson(directory, person))
    const tell = () => {
      if (given === undefined) terminal.stdout.write(`password, shown only now: ${password}\n`)
    }
    try {
      const uid = await addPerson(directory, person, confirm)
      terminal.stdout.write(`${login} added, uid ${uid}\n`)
      tell()
      await confirm(`${login} is added`)
    } catch (error) {
      // They are there all the same, and nobody else knows the password.
      if (error instanceof DirectoryError && error.problem === 'notJoined') tell()
      throw error
    }
  })
}

async function passwd(terminal: Terminal, login: string, options: NewPasswordOptions): Promise<void> {
  if (options.oneTime && options.passwordStdin)
    throw new UsageError('--one-time makes a password up: leave --password-stdin out')
  await inDirectorySession(options, async ({ directory, bindDN, confirm }) => {
    if (normalDN(bindDN).endsWith(`,${normalDN(peopleDN(directory.baseDN))}`)) {
      await passwdByHelper(terminal, directory, login, options)
      await confirm(`the password of ${login} is set`)
      return
    }
    // Before anything is typed: a mistyped login is found at once.
    const { dn } = await mustBePerson(directory, login)
    if (options.dryRun)
      return showPlan(terminal, [options.oneTime ? oneTimeChange(dn, '') : passwordChange(dn, '')])
    if (options.oneTime) {
      const password = generatePassword()
      await setPassword(directory, login, password, { oneTime: true })
      tellOneTime(terminal, login, password)
      await confirm(`the password of ${login} is set`)
      return
    }
    const password = await askPassword(terminal, options.passwordStdin ?? false, login)
    if (password === undefined)
      throw new UsageError('no terminal to ask on: give the password by --password-stdin')
    await setPassword(directory, login, password)
    await confirm(`the password of ${login} is set`)
    terminal.stdout.write(`password of ${login} set\n`)
  })
}

const tellOneTime = ({ stdout }: Terminal, login: string, password: string) =>
  void stdout.write(
    `one-time password of ${login}, shown only now: ${password}\nat the next log-in they choose another\n`,
  )

/** A helper looks nobody up, for slapd shows them nobody; it judges whom they may give a password. */
async function passwdByHelper(
  terminal: Terminal,
  directory: Directory,
  login: string,
  { oneTime, dryRun }: NewPasswordOptions,
): Promise<void> {
  if (!oneTime) throw new UsageError('a helper gives one-time passwords alone: say --one-time')
  if (!LOGIN_PATTERN.test(login)) throw new UsageError(`"${login}" cannot be a login`)
  const dn = personDN(directory.baseDN, login)
  if (dryRun) return showPlan(terminal, [oneTimeChange(dn, '')])
  const password = generatePassword()
  await directory
    .use(`setting the password of ${login}`, (client) => apply(client, oneTimeChange(dn, password)))
    .catch((error: Error) => {
      if (!(error instanceof DirectoryError && error.problem === 'notAllowed')) throw error
      throw new DirectoryError(
        'notAllowed',
        `the directory does not let you give ${login} a password`,
        'helpers give none to administrators, to helpers and to who is locked: ask an administrator',
      )
    })
  tellOneTime(terminal, login, password)
}

async function remove(
  terminal: Terminal,
  login: string,
  options: ReachOptions & DryRunOptions,
): Promise<void> {
  await inDirectorySession(options, async ({ directory, confirm }) => {
    const { dn } = await mustBePerson(directory, login)
    if (options.dryRun) return showPlan(terminal, [removal(dn)])
    await removePerson(directory, login)
    await confirm(`${login} is removed`)
    terminal.stdout.write(`${login} removed\n`)
  })
}

async function list(terminal: Terminal, options: ReachOptions & OutputOptions): Promise<void> {
  await inDirectorySession(options, async ({ directory, cluster }) => {
    const { people, findings } = rollOf(await takeCensus(directory))
    const lines = cluster ? await locksInCluster(cluster) : {}
    const isLockedThere = ({ login, entryUUID }: Person['spec']): boolean =>
      lines !== undefined && lockIn(lines, slugOf(login), entryUUID) !== undefined
    const rows = people.map(({ name, spec }) => ({
      login: spec.login,
      name,
      uid: spec.uid,
      groups: spec.groups.map((group) => group.name),
      locked: spec.locked === true || isLockedThere(spec),
    }))
    terminal.stdout.write(
      print(
        rows,
        options.output,
        'nobody yet: "deskfleet people add LOGIN" adds somebody',
        terminal.stdout.columns,
      ),
    )
    for (const { spec } of people.filter(({ spec }) => isLockedThere(spec) && !spec.locked))
      terminal.stderr.write(`${spec.login} is locked in the cluster alone, not in the directory\n`)
    if (lines === undefined) terminal.stderr.write(`${LIST_GONE}\n`)
    for (const one of findings) terminal.stderr.write(`refused: ${one.message}\n`)
  })
}

async function show(terminal: Terminal, login: string, options: ReachOptions & OutputOptions): Promise<void> {
  await inDirectorySession(options, async ({ directory, cluster }) => {
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
      ...(account.oneTime && { password: 'one-time: at the next log-in they choose another' }),
    }
    const inCluster = cluster
      ? {
          ...(await identityState(cluster, login)),
          lockedInCluster: lockWords(await locksInCluster(cluster), login, entryUUID),
        }
      : {}
    terminal.stdout.write(printOne({ ...found, ...inCluster }, options.output))
  })
}
