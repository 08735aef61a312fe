import { type Command, Option } from 'commander'
import { FORMATS, type Format } from './output.ts'

/** Options that commands of several folders have, spelled the same everywhere. */

export interface OutputOptions {
  readonly output: Format
}

/** `-o table|json|yaml` */
export const withOutput = (command: Command): Command =>
  command.addOption(new Option('-o, --output <format>', 'how to show it').choices(FORMATS).default('table'))

export interface DryRunOptions {
  readonly dryRun?: boolean
}

export const withDryRun = (command: Command): Command =>
  command.option('--dry-run', 'show what would be written, and write nothing')

/** Comma-separated names, none empty. */
export const names = (list: string | undefined): string[] =>
  (list ?? '').split(',').flatMap((name) => name.trim() || [])
