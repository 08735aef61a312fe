import type { Clock } from './clock.ts'

/** What was answered within so many ms; undefined when nothing was. @throws what the answer rejects with, in that time */
export async function inTime<T>(clock: Clock, limit: number, answer: Promise<T>): Promise<T | undefined> {
  const settled = new AbortController()
  try {
    return await Promise.race([answer, clock.sleep(limit, settled.signal).then(() => undefined)])
  } finally {
    settled.abort()
  }
}
