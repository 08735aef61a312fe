#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { addGroupCommands } from './directory/command/groups.ts'
import { addPeopleCommands } from './directory/command/people.ts'
import { type Terminal, UsageError } from './directory/command/terminal.ts'

/** The administrator's command line. Exit code 0: done; 1: refused or failed; 2: called in a way that has no meaning. */

const terminal: Terminal = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }

const program = new Command('deskfleet')
  .description("Look after the room's people.")
  .addHelpText(
    'after',
    '\nExamples:\n  deskfleet people add ada --name "Ada Lovelace"\n  deskfleet people list',
  )
  .showHelpAfterError('("--help" shows what there is)')
  .exitOverride()
addPeopleCommands(program, terminal)
addGroupCommands(program, terminal)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = codeOf(error)
}

function codeOf(error: unknown): number {
  // Commander has said its own already: 0 for --help, anything else is a usage it does not know.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  process.stderr.write(`deskfleet: ${error instanceof Error ? error.message : String(error)}\n`)
  return error instanceof UsageError ? 2 : 1
}
