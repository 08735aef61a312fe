import { ApiException } from '@kubernetes/client-node'
import { z } from 'zod'
import { cut } from '../config/cut.ts'

/** What the call brings; undefined where the API server answers with that HTTP code (404: absent, 409: superseded). */
export async function unless<T>(code: number, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (hasCode(error, code)) return undefined
    throw error
  }
}

export const hasCode = (error: unknown, code: number): boolean =>
  error instanceof ApiException && error.code === code

const Status = z.object({ message: z.string() })
const LONGEST = 300

/**
 * Why something failed, in one line for people: the API server's own sentence (client-node's message is the whole
 * answer, headers and all, and may hold a secret of the request), or an error's first line with its cause: `fetch
 * failed` alone would tell nobody anything.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiException) {
    const said = Status.safeParse(parsed(error.body))
    const reason = said.success ? said.data.message : 'no reason given'
    return cut(`the API server answered ${error.code}: ${reason}`, LONGEST)
  }
  const text = error instanceof Error ? error.message : String(error)
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return cut(`${text.split('\n')[0] ?? ''}${cause}`, LONGEST)
}

/** Any failure as an Error whose message is {@link reasonOf}, with what it is about in front. */
export const failureOf = (what: string, error: unknown): Error =>
  new Error(`${what}: ${reasonOf(error)}`, { cause: error })

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
