import { once } from 'node:events'
import { type Logger, pino } from 'pino'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A program's log: JSON lines on stdout, each with the program's name. */
export interface ProgramLog {
  readonly log: Logger
  /** Resolves when every line is written; nothing may be logged after it. */
  end(): Promise<void>
}

export function openLog(name: string, level: LogLevel): ProgramLog {
  const lines = pino.destination({ sync: false })
  // Given to pino as a plain stream: it would flush a fatal line past those that are still on their way.
  const log = pino({ base: { name }, level }, { write: (line: string) => void lines.write(line) })
  return {
    log,
    async end() {
      lines.end()
      await once(lines, 'close')
    },
  }
}
