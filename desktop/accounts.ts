import type { IdentitySpec } from '../config/identity.ts'
import { TAKEN_NAMES } from '../config/names.ts'

/** What would let data forge a line or a member of `/etc/passwd` or `/etc/group`: separators and control characters. */
const FORGING = /[:,\p{Cc}\p{Zl}\p{Zp}]/u

/** Why an identity can have no account files, or nothing when it can. */
export function accountFault(spec: IdentitySpec): string | undefined {
  const written: [string, string][] = [
    ['login', spec.login],
    ['shell', spec.shell],
    ...spec.groups.map((group): [string, string] => [`name of group ${group.gid}`, group.name]),
  ]
  const forged = written.find(([, text]) => text === '' || TAKEN_NAMES.has(text) || FORGING.test(text))
  if (forged) return `the ${forged[0]} ${JSON.stringify(forged[1])} cannot stand in /etc/passwd or /etc/group`
  const numbers = [spec.uid, spec.gid, ...spec.groups.map((group) => group.gid)]
  const odd = numbers.find((number) => !Number.isSafeInteger(number) || number <= 0)
  if (odd !== undefined) return `${odd} is no uid or gid of a person`
  return undefined
}

/** The person's `/etc/passwd`: root, nobody and the person, each line ended by a newline. */
export function passwdText(spec: IdentitySpec): string {
  return lines([
    'root:x:0:0:root:/root:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    `${spec.login}:x:${spec.uid}:${spec.gid}:${spec.login}:/home/${spec.login}:${spec.shell}`,
  ])
}

/**
 * The person's `/etc/group`: a line a gid, ascending. A primary group that LDAP does not know is called as the
 * person and has no members; of several names for one gid the first one counts.
 */
export function groupText(spec: IdentitySpec): string {
  const byGid = new Map([[spec.gid, `${spec.login}:x:${spec.gid}:`]])
  for (const { name, gid } of spec.groups.toReversed()) byGid.set(gid, `${name}:x:${gid}:${spec.login}`)
  const people = [...byGid].sort(([a], [b]) => a - b).map(([, line]) => line)
  return lines(['root:x:0:', 'nogroup:x:65534:', ...people])
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('')
