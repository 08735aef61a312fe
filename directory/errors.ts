import { ResultCodeError } from 'ldapts'

/** Everything that can go wrong between us and the directory, and what to do about it. */
export const PROBLEMS = {
  unreachable: 'check that slapd runs, and the address and network between here and there',
  timedOut:
    'check whether slapd hangs or a firewall drops packets; it is tried again by itself where it is a service',
  certificateRefused:
    "check that the CA file is the one that signed slapd's certificate, that the address is one of the names in it, and the clocks",
  credentialsRefused: 'check the bind DN and that the password is the present one',
  blankPassword: 'give a password: LDAP takes a blank one for "nobody in particular" and lets it pass',
  truncated:
    'give the reading account unlimited size and time in slapd (olcLimits): a part of the people is worse than none',
  notAllowed: "bind as somebody who may do that (olcAccess), as the directory's administrator",
  noSuchEntry: 'check the name and the base DN; "deskfleet people list" shows who is there',
  alreadyThere: 'choose another name, or change the entry that has it',
  policyRefused: "choose another value: slapd's own rule is quoted above",
  superseded: 'somebody else changed the same at the same moment; run the command again',
  notTheWriter: 'another server takes the writes now; run the command again',
  unconfirmed:
    'when a second server runs again it gets it by itself: "kubectl -n deskfleet-directory get pods" shows them',
  restoring:
    'what was known stays until the restore ends; if it was cut short, run "deskfleet directory restore" with the same copy again',
  unfitAddress: 'write the address as ldaps://HOST[:PORT]',
  withoutPassword: 'run "deskfleet people remove LOGIN", and add the person again',
  notJoined: 'add the person to the group by "deskfleet groups members GROUP --add LOGIN"',
  unexpected: 'look at the log of slapd',
} as const

export type DirectoryProblem = keyof typeof PROBLEMS

/** What failed (`problem`), where, and what to do (`mend`); the message holds all three and no secret. */
export class DirectoryError extends Error {
  readonly problem: DirectoryProblem
  readonly mend: string

  constructor(problem: DirectoryProblem, what: string, mend: string = PROBLEMS[problem]) {
    super(`${what}: ${mend}`)
    this.name = 'DirectoryError'
    this.problem = problem
    this.mend = mend
  }
}

/** LDAP result codes (RFC 4511) that mean something in particular to people. */
const BY_RESULT: Readonly<Record<number, DirectoryProblem>> = {
  3: 'truncated',
  4: 'truncated',
  11: 'truncated',
  16: 'superseded',
  19: 'policyRefused',
  32: 'noSuchEntry',
  49: 'credentialsRefused',
  50: 'notAllowed',
  51: 'unreachable',
  52: 'unreachable',
  68: 'alreadyThere',
}

const UNREACHABLE =
  /ECONN|ENOTFOUND|EAI_|EHOST|ENET|EPIPE|ERR_STREAM|Connection closed|Socket (error|connection not)|ended by the other/
const TIMED_OUT = /ETIMEDOUT|timed? ?out/i
const CERTIFICATE = /CERT|UNABLE_TO|SELF_SIGNED|ERR_TLS|ERR_SSL|TLSV1|altnames/

/**
 * Any failure as a typed one.
 *
 * @param where For people: the address, and what was being done, as `reading people from ldaps://ldap:636`.
 */
export function asDirectoryError(error: unknown, where: string): DirectoryError {
  if (error instanceof DirectoryError) return error
  if (isResult(error)) return new DirectoryError(problemOf(error), said(where, error))
  const text = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const sign = `${code} ${text}`
  const found = CERTIFICATE.test(sign) ? 'certificateRefused' : TIMED_OUT.test(sign) ? 'timedOut' : undefined
  return new DirectoryError(
    found ?? (UNREACHABLE.test(sign) ? 'unreachable' : 'unexpected'),
    `${where}: ${text || code}`,
  )
}

/** A server that only follows others, of several, says so in these words under a result that means anything. */
const problemOf = ({ code, message }: ResultCodeError): DirectoryProblem =>
  BY_RESULT[code] ?? (/shadow context/.test(message) ? 'notTheWriter' : 'unexpected')

/** Whether the connection, and not the request, is to blame: the next try needs a new one. */
export const isOfConnection = (error: DirectoryError): boolean =>
  ['unreachable', 'timedOut', 'certificateRefused', 'credentialsRefused'].includes(error.problem)

/** ldapts sets the prototype of its errors to their base, so that only the base can be asked for. */
const isResult = (error: unknown): error is ResultCodeError => error instanceof ResultCodeError

/** What slapd said, if anything, without the number that ldapts adds. */
function said(where: string, error: ResultCodeError): string {
  const text = error.message.replace(/\s*Code: 0x[0-9a-f]+$/, '').trim()
  return `${where}: ${text || `refused with LDAP result ${error.code}`}`
}
