import { LOCKED_FOR_GOOD } from '../config/lock.ts'
import { FIRST_UID, LOGIN_PATTERN, TAKEN_NAMES } from '../config/names.ts'
import { apply, type Change } from './changes.ts'
import { asWritten, type Confirm } from './confirm.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { addMember, mustBeGroup } from './groups.ts'
import { moveCounter, peekNumber, takeFreeNumber } from './numbers.ts'
import { oneTimeChange } from './one-time-password.ts'
import { readPassword } from './password.ts'
import { type Account, SHELL } from './person.ts'
import { findAccount, peopleDN } from './search.ts'

export interface NewPerson {
  readonly login: string
  /** As people say it; the login where nothing is given. */
  readonly name: string
  /** Beside `people`, in which everybody is. */
  readonly groups: readonly string[]
  readonly shell: string
  /** As typed. */
  readonly password: string
}

/** The group of everybody, whose gid is everybody's primary one. */
export const EVERYBODY = 'people'

/** What would be written, and nothing is. */
export async function planPerson(directory: Directory, person: NewPerson): Promise<Change[]> {
  await check(directory, person)
  return await directory.use(`planning ${person.login}`, async (client) => {
    const uid = await peekNumber(client, directory.baseDN, 'uid')
    return [
      moveCounter(directory.baseDN, 'uid', uid, uid + 1),
      entryOf(directory.baseDN, person, uid),
      passwordChange(personDN(directory.baseDN, person.login), person.password),
      ...memberships(directory.baseDN, person),
    ]
  })
}

/**
 * Adds somebody with a uid of their own and puts them into their groups.
 *
 * @param confirm That the uid is taken must be known to a second server before anybody has it: else a server that takes
 * over would give it again.
 * @returns their uid
 * @throws DirectoryError; after `alreadyThere`, `policyRefused` and `unconfirmed` nobody was added.
 */
export async function addPerson(
  directory: Directory,
  person: NewPerson,
  confirm: Confirm = asWritten,
): Promise<number> {
  await check(directory, person)
  const password = mustBePassword(person.password)
  const dn = personDN(directory.baseDN, person.login)
  return await directory.use(`adding ${person.login}`, async (client) => {
    const uid = await takeFreeNumber(client, directory.baseDN, 'uid')
    await confirm(`nobody was added: the uid ${uid} is taken`)
    await apply(client, entryOf(directory.baseDN, person, uid))
    // Until it has a password nobody gets in. One that slapd does not take leaves nobody behind.
    await apply(client, passwordChange(dn, password)).catch(async (error: Error) => {
      await apply(client, removal(dn)).catch((left: Error) => {
        const what = `${person.login} was added without a password (${error.message}), and stays (${left.message})`
        throw new DirectoryError('withoutPassword', what)
      })
      throw error
    })
    for (const change of memberships(directory.baseDN, person)) {
      await apply(client, change).catch((error) => {
        const mend = `run "deskfleet groups members GROUP --add ${person.login}" for what is missing`
        throw new DirectoryError(
          'notJoined',
          `${person.login} was added, but not to ${change.dn} (${error.message})`,
          mend,
        )
      })
    }
    return uid
  })
}

/** Gives somebody a new password, in clear: slapd hashes it, and its policy judges it. Who is locked stays so. */
export async function setPassword(
  directory: Directory,
  login: string,
  given: string,
  { oneTime = false }: { readonly oneTime?: boolean } = {},
): Promise<void> {
  const password = mustBePassword(given)
  const { dn, locked } = await mustBePerson(directory, login)
  await directory.use(`setting the password of ${login}`, async (client) => {
    await apply(client, oneTime ? oneTimeChange(dn, password) : passwordChange(dn, password))
    // With a new password slapd takes every lock away, also an administrator's.
    if (locked) await apply(client, lockChange(dn, true))
  })
}

export const passwordChange = (dn: string, password: string): Change => ({ kind: 'password', dn, password })

function mustBePassword(given: string): string {
  const read = readPassword(given)
  if ('unfit' in read)
    throw new DirectoryError(
      'policyRefused',
      `the password is not taken: ${read.unfit}`,
      'choose another one',
    )
  return read.password
}

/** Locks an account until it is unlocked; unlocking lifts a lock after wrong passwords, too. */
export async function setLock(directory: Directory, login: string, locked: boolean): Promise<void> {
  const { dn } = await mustBePerson(directory, login)
  await directory.use(`${locked ? 'locking' : 'unlocking'} ${login}`, (client) =>
    apply(client, lockChange(dn, locked)),
  )
}

export const lockChange = (dn: string, locked: boolean): Change => ({
  kind: 'modify',
  dn,
  edits: [
    { operation: 'replace', attribute: 'pwdAccountLockedTime', values: locked ? [LOCKED_FOR_GOOD] : [] },
  ],
})

/**
 * Takes an entry away, and with it (by slapd's own refint) its memberships. A number that was given out is never given
 * out again, so that nobody new owns what is left of somebody.
 */
export async function removePerson(directory: Directory, login: string): Promise<void> {
  const { dn } = await mustBePerson(directory, login)
  await directory.use(`removing ${login}`, (client) => apply(client, removal(dn)))
}

export const removal = (dn: string): Change => ({ kind: 'delete', dn })

/** @throws DirectoryError when there is nobody of that login, or the entry is unfit. */
export async function mustBePerson(directory: Directory, login: string): Promise<Account> {
  const found = await findAccount(directory, login)
  if (!found)
    throw new DirectoryError('noSuchEntry', `there is no person "${login}" below ${directory.baseDN}`)
  if ('reason' in found) throw new DirectoryError('policyRefused', found.message, 'mend the entry first')
  return found
}

async function check(directory: Directory, person: NewPerson): Promise<void> {
  const { login, shell } = person
  const refuse = (what: string, mend: string): never => {
    throw new DirectoryError('policyRefused', what, mend)
  }
  if (!LOGIN_PATTERN.test(login) || TAKEN_NAMES.has(login)) {
    refuse(
      `"${login}" cannot be a login`,
      'take 1 to 32 of a-z, 0-9, "_", "-", "." that begin with a letter or "_", and no name of the system',
    )
  }
  if (!SHELL.test(shell)) refuse(`"${shell}" cannot be a shell`, 'give an absolute path, as /bin/bash')
  if (!/^[^\p{Cc}]{1,128}$/u.test(person.name)) {
    refuse('that name cannot be written down', 'give one line of at most 128 characters')
  }
  const found = await findAccount(directory, login)
  if (found) throw new DirectoryError('alreadyThere', `there is already somebody with the login "${login}"`)
  for (const name of [EVERYBODY, ...person.groups]) await mustBeGroup(directory, name)
}

export const personDN = (baseDN: string, login: string): string => `uid=${login},${peopleDN(baseDN)}`

function entryOf(baseDN: string, person: NewPerson, uid: number): Change {
  const { login, name, shell } = person
  const words = name.trim().split(/\s+/)
  const given = words.slice(0, -1).join(' ')
  return {
    kind: 'add',
    dn: personDN(baseDN, login),
    attributes: {
      objectClass: ['inetOrgPerson', 'posixAccount'],
      uid: [login],
      cn: [name],
      sn: [words.at(-1) ?? name],
      ...(given ? { givenName: [given] } : {}),
      uidNumber: [String(uid)],
      gidNumber: [String(FIRST_UID)],
      homeDirectory: [`/home/${login}`],
      loginShell: [shell],
    },
  }
}

const memberships = (baseDN: string, { login, groups }: NewPerson): Change[] =>
  [...new Set([EVERYBODY, ...groups].map((group) => group.toLowerCase()))].map((group) =>
    addMember(baseDN, group, `uid=${login},${peopleDN(baseDN)}`),
  )
