import { bounded, type Ended } from '../../bounded.ts'
import type { Inside } from './facts.ts'

/** Milliseconds. A disk that does not answer keeps programs waiting. */
const LIMIT = 15_000

/** Runs a program of the PC; never rejects. */
export function run({ way }: Inside, args: readonly string[], limit = LIMIT): Promise<Ended> {
  const [program = '', ...rest] = [...way, ...args]
  return bounded(program, rest, limit)
}

/** @throws with what it complained of */
export async function must(inside: Inside, args: readonly string[], limit?: number): Promise<string> {
  const { code, stdout, stderr } = await run(inside, args, limit)
  if (code === 0) return stdout
  throw new Error(`${args[0]}: ${stderr.trim() || `exit code ${code}`}`)
}
