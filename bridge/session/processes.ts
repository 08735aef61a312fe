import { readdirSync, readFileSync } from 'node:fs'
import { MARK } from './plan.ts'

/**
 * Signals every process that carries the mark of a session, whoever its parent is; returns how many. Synchronous, so
 * that nothing comes between seeing that a session must end and its end. Processes of others are never touched.
 */
export function signalMarked(mark: string, signal: NodeJS.Signals): number {
  const wanted = `${MARK}=${mark}`
  const marked = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid && environmentOf(name).includes(wanted),
  )
  for (const pid of marked) {
    try {
      process.kill(Number(pid), signal)
    } catch {
      // It ended meanwhile.
    }
  }
  return marked.length
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}
