import type { Client } from 'ldapts'
import { FIRST_UID, LOGIN_PATTERN, TAKEN_NAMES } from '../config/names.ts'
import { apply, type Change } from './changes.ts'
import type { Directory } from './directory.ts'
import { DirectoryError } from './errors.ts'
import { addMember, mustBeGroup } from './groups.ts'
import { catchUp, moveCounter, peekNumber, takeNumber } from './numbers.ts'
import { type Account, SHELL } from './person.ts'
import { findAccount, peopleDN } from './search.ts'

export interface NewPerson {
  readonly login: string
  /** As people say it; the login where nothing is given. */
  readonly name: string
  /** Beside `people`, in which everybody is. */
  readonly groups: readonly string[]
  readonly shell: string
  /** In clear: slapd hashes it, and its policy judges it. */
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
      ...memberships(directory.baseDN, person),
    ]
  })
}

/**
 * Adds somebody with a uid of their own and puts them into their groups.
 *
 * @returns their uid
 * @throws DirectoryError; after `alreadyThere` and `policyRefused` nobody was added.
 */
export async function addPerson(directory: Directory, person: NewPerson): Promise<number> {
  await check(directory, person)
  return await directory.use(`adding ${person.login}`, async (client) => {
    const uid = await enter(client, directory.baseDN, person)
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

/** Gives somebody a new password, in clear: slapd hashes it, and its policy judges it. */
export async function setPassword(directory: Directory, login: string, password: string): Promise<void> {
  const { dn } = await mustBePerson(directory, login)
  await directory.use(`setting the password of ${login}`, (client) =>
    apply(client, passwordChange(dn, password)),
  )
}

export const passwordChange = (dn: string, password: string): Change => ({
  kind: 'modify',
  dn,
  edits: [{ operation: 'replace', attribute: 'userPassword', values: [password] }],
})

/** @throws DirectoryError when there is nobody of that login, or the entry is unfit. */
export async function mustBePerson(directory: Directory, login: string): Promise<Account> {
  const found = await findAccount(directory, login)
  if (!found)
    throw new DirectoryError('noSuchEntry', `there is no person "${login}" below ${directory.baseDN}`)
  if ('reason' in found) throw new DirectoryError('policyRefused', found.message, 'mend the entry first')
  return found
}

async function check(directory: Directory, person: NewPerson): Promise<void> {
  const { login, shell, password } = person
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
  if (password.trim() === '') throw new DirectoryError('blankPassword', `adding ${login}`)
  const found = await findAccount(directory, login)
  if (found) throw new DirectoryError('alreadyThere', `there is already somebody with the login "${login}"`)
  for (const name of [EVERYBODY, ...person.groups]) await mustBeGroup(directory, name)
}

/** Adds the entry. Where the number is taken although the counter gave it out, the counter lags: it is moved on. */
async function enter(client: Client, baseDN: string, person: NewPerson): Promise<number> {
  for (let first = true; ; first = false) {
    const uid = await takeNumber(client, baseDN, 'uid')
    try {
      await apply(client, entryOf(baseDN, person, uid))
      return uid
    } catch (error) {
      const taken = error instanceof DirectoryError && error.message.includes(`uidNumber=${uid})`)
      if (!taken || !first) throw error
      await catchUp(client, baseDN, 'uid')
    }
  }
}

function entryOf(baseDN: string, person: NewPerson, uid: number): Change {
  const { login, name, shell, password } = person
  const words = name.trim().split(/\s+/)
  const given = words.slice(0, -1).join(' ')
  return {
    kind: 'add',
    dn: `uid=${login},${peopleDN(baseDN)}`,
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
      userPassword: [password],
    },
  }
}

const memberships = (baseDN: string, { login, groups }: NewPerson): Change[] =>
  [...new Set([EVERYBODY, ...groups].map((group) => group.toLowerCase()))].map((group) =>
    addMember(baseDN, group, `uid=${login},${peopleDN(baseDN)}`),
  )
