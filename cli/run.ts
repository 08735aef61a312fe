/**
 * `cli/`: What all commands of `npx deskfleet` share: terminal, tables, options, errors, the way to the
 * cluster.
 */

import { Command } from 'commander'
import { EXIT, verdictOn } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** What a folder adds to the command line: its commands, with their options and examples. */
export type AddCommands = (program: Command, terminal: Terminal) => void

export interface CommandLine {
  readonly name: string
  readonly about: string
  /** Whole command lines. */
  readonly examples: readonly string[]
  readonly commands: readonly AddCommands[]
}

/**
 * Runs one command.
 *
 * @param args What follows the program's name.
 * @returns the exit code: 0 done, 1 refused or failed, 2 called in a way that has no meaning.
 */
export async function runCommandLine(
  { name, about, examples, commands }: CommandLine,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const program = new Command(name)
    .description(about)
    .addHelpText('after', examplesText(examples))
    .showHelpAfterError('("--help" shows what there is)')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .exitOverride()
  for (const add of commands) add(program, terminal)
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT.done
  } catch (error) {
    const { code, message } = verdictOn(error)
    if (message !== undefined) terminal.stderr.write(`${name}: ${message}\n`)
    return code
  }
}

/** Examples as they stand below the help of a command. */
export const examplesText = (examples: readonly string[]): string =>
  ['', 'Examples:', ...examples.map((example) => `  ${example}`)].join('\n')
