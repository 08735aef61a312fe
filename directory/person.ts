import { z } from 'zod'
import { cut } from '../config/cut.ts'
import type { IdentitySpec } from '../config/identity.ts'
import { LOCKED_FOR_GOOD } from '../config/lock.ts'
import {
  FIRST_UID,
  KERNEL_NUMBERS,
  LAST_UID,
  LOGIN_PATTERN,
  PASSWORD_SET_PATTERN,
  TAKEN_NAMES,
} from '../config/names.ts'
import { type DirectoryFinding, finding } from './findings.ts'

/** Somebody who may have a desktop, as the cluster will know them. */
export interface Person {
  /** The login made safe for Kubernetes: the name of the Identity. */
  readonly slug: string
  /** How people call them: one line, without control characters. */
  readonly name: string
  /** The entry's DN as the directory writes it. */
  readonly dn: string
  readonly spec: IdentitySpec
}

/** What one posixAccount entry says, before it is compared with the others. */
export interface Account {
  readonly dn: string
  readonly login: string
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly shell: string
  readonly entryUUID: string
  /** Locked for good by an administrator. */
  readonly locked: boolean
  /** When the password was last set, `20261126041500Z`; undefined where the directory does not tell. */
  readonly passwordSet: string | undefined
  /** The password does for one thing: choosing another. */
  readonly oneTime: boolean
}

/** The attributes that {@link readAccount} needs; the last six are operational and must be named. */
export const ACCOUNT_ATTRIBUTES = [
  ...['uid', 'cn', 'gecos', 'uidNumber', 'gidNumber', 'loginShell'],
  ...['entryUUID', 'pwdAccountLockedTime', 'pwdChangedTime', 'pwdReset', 'modifyTimestamp', 'entryCSN'],
]

export const SHELL = /^\/[A-Za-z0-9/_.-]{1,127}$/
const DEFAULT_SHELL = '/bin/bash'

/** ldapts gives one value as a string, several as an array, none as an empty array, undecodable ones as bytes. */
export const single = z.union([z.string().min(1), z.tuple([z.string().min(1)]).transform(([value]) => value)])
const whole = single.pipe(z.string().regex(/^\d{1,10}$/)).transform(Number)
const first = z.union([z.string(), z.array(z.string()).transform((values) => values[0] ?? '')]).catch('')

const Entry = z.object({
  dn: z.string().min(1),
  uid: single,
  cn: first,
  gecos: first,
  uidNumber: whole,
  gidNumber: whole,
  loginShell: first,
  entryUUID: single.pipe(z.uuid()),
  pwdAccountLockedTime: first,
  pwdChangedTime: first,
  pwdReset: first,
})

/** Reads one entry: an account, or by name why it is none. Never throws, whatever the entry holds. */
export function readAccount(entry: unknown): Account | DirectoryFinding {
  const parsed = Entry.safeParse(entry)
  if (!parsed.success) return finding('EntryUnreadable', nameOf(entry), missing(parsed.error))
  const { dn, uid: login, cn, gecos, uidNumber, gidNumber, loginShell, entryUUID } = parsed.data
  if (!LOGIN_PATTERN.test(login) || TAKEN_NAMES.has(login))
    return finding('LoginUnfit', dn, `"${login}" cannot be a login`)
  for (const [attribute, value] of Object.entries({ uidNumber, gidNumber })) {
    if (value < FIRST_UID || value > LAST_UID) {
      return finding('NumberOutOfRange', login, `${attribute} ${value} is not one of a person`)
    }
    if (KERNEL_NUMBERS.includes(value))
      return finding('NumberOutOfRange', login, `${attribute} ${value} is the kernel's own "nobody"`)
  }
  return {
    dn,
    login,
    name: readable(gecos.split(',')[0] || cn) || login,
    uid: uidNumber,
    gid: gidNumber,
    shell: SHELL.test(loginShell) ? loginShell : DEFAULT_SHELL,
    entryUUID: entryUUID.toLowerCase(),
    locked: parsed.data.pwdAccountLockedTime === LOCKED_FOR_GOOD,
    passwordSet: PASSWORD_SET_PATTERN.exec(parsed.data.pwdChangedTime)?.[0],
    oneTime: parsed.data.pwdReset.toUpperCase() === 'TRUE',
  }
}

/** One line that can stand in a passwd file, a page or a terminal. */
const readable = (text: string): string =>
  cut(
    text
      .replace(/[\p{C}:]/gu, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
    128,
  )

const missing = (error: z.ZodError): string =>
  `${[...new Set(error.issues.map((issue) => issue.path[0]))].join(', ')} missing or not of the right form`

/** A DN for messages, even from an entry that cannot be read. */
export function nameOf(entry: unknown): string {
  const found = z.object({ dn: z.string() }).safeParse(entry)
  return found.success ? readable(found.data.dn) : 'an entry without a DN'
}
