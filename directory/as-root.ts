import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/**
 * How slapd's own root makes changes: on its socket, where whoever runs as slapd's user is it. Nobody else may say what
 * entryUUID an entry has, or what hash a password; "relax" is what LDAP calls this.
 */
export type AsRoot = (ldif: string) => Promise<void>

/** The command: reads so many bytes, so that it ends where a connection has no end. */
export const rootCommand = (socket: string, bytes: number): string[] => [
  'sh',
  '-c',
  `head -c "$0" | ldapmodify -Y EXTERNAL -Q -e '!relax' -H "$1"`,
  String(bytes),
  `ldapi://${encodeURIComponent(socket)}`,
]

/** On the machine where slapd runs. @throws Error with what slapd said. */
export const rootHere =
  (socket: string): AsRoot =>
  async (ldif) => {
    const input = Buffer.from(ldif)
    const [command = '', ...args] = rootCommand(socket, input.length)
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] })
    const ended = once(child, 'close')
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const said = await text(child.stderr)
    const [code] = await ended
    if (code !== 0) throw new Error(said.trim() || `ldapmodify ended with ${code}`)
  }
