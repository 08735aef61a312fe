import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { writeNew } from './new-file.ts'
import type { Terminal } from './terminal.ts'

/**
 * Makes a pair of age's keys: the private one goes into a new file alone.
 *
 * @param about lines for whoever finds the file: what it opens, and where it belongs
 * @returns the public one
 */
export async function makeKeyFile(
  { stdout }: Terminal,
  file: string,
  about: readonly string[],
): Promise<string> {
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  const lines = [...about.map((line) => `# ${line}`), `# public key: ${recipient}`, identity]
  await writeNew(file, `${lines.join('\n')}\n`)
  stdout.write(`the private key is in ${file}: print it, lock it away, then remove the file\n`)
  return recipient
}
