import { CommanderError } from 'commander'

/** A mistake in how a command was called. */
export class UsageError extends Error {}

/** What a command ends with: done; refused or failed; called in a way that has no meaning. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** The exit code of an error that ended a command, and what is said about it: nothing where it was said already. */
export function verdictOn(error: unknown): { readonly code: number; readonly message?: string } {
  // Commander has said its own already, and 0 is for --help.
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? EXIT.done : EXIT.usage }
  const message = error instanceof Error ? error.message : String(error)
  return { code: error instanceof UsageError ? EXIT.usage : EXIT.failed, message }
}
