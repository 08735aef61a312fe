import { readFile } from 'node:fs/promises'
import { UsageError } from '../../cli/errors.ts'
import { typed } from '../../cli/password.ts'
import type { Terminal } from '../../cli/terminal.ts'

/** The key that opens copies: from a file, or typed from paper and not shown; never from the command line. */
export async function privateKey(terminal: Terminal, file: string | undefined): Promise<string> {
  if (file !== undefined)
    return await readFile(file, 'utf8').catch((error) => {
      throw new UsageError(`${file} cannot be read (${error.code}): check the path`)
    })
  if (!terminal.stdin.isTTY)
    throw new UsageError('give the private key by --key FILE, or run this on a terminal and type it')
  return (await typed(terminal, 'Private key, as it stands on paper (AGE-SECRET-KEY-1…): '))
    .trim()
    .toUpperCase()
}
