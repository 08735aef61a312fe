import { createHash } from 'node:crypto'

/**
 * One for each operation, attempt, step and PC, so that a job which was made already is not made again. Pure.
 *
 * @param node where it runs; left out where any PC may
 */
export function jobName(operation: string, attempt: number, step: string, node?: string): string {
  const name = `crown-${operation}-${attempt}-${step}`
  return node === undefined ? name : `${name}-${createHash('sha256').update(node).digest('hex').slice(0, 8)}`
}
