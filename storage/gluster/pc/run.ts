import { execFile } from 'node:child_process'
import type { Inside } from './facts.ts'

export interface Ran {
  /** Undefined when it was ended because it took too long. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Milliseconds. A disk that does not answer keeps programs waiting. */
const LIMIT = 15_000

/** Runs a program of the PC; never rejects. */
export function run({ way }: Inside, args: readonly string[], limit = LIMIT): Promise<Ran> {
  const [program = '', ...rest] = [...way, ...args]
  return new Promise((done) => {
    execFile(program, rest, { timeout: limit, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined
      done({ code, stdout, stderr: error !== null && stderr === '' ? error.message : stderr })
    })
  })
}

/** @throws with what it complained of */
export async function must(inside: Inside, args: readonly string[], limit?: number): Promise<string> {
  const { code, stdout, stderr } = await run(inside, args, limit)
  if (code === 0) return stdout
  throw new Error(
    `${args[0]}: ${stderr.trim() || (code === undefined ? 'it took too long' : `exit code ${code}`)}`,
  )
}
