import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface Failed {
  readonly failed: string
}

/** What a program said last is enough to tell people why it ended. */
const LAST_WORDS = 600

/** Runs a program of somebody else to its end. Nothing secret may be among its arguments: everybody on the PC sees them. */
export async function runToEnd(
  program: string,
  args: readonly string[],
): Promise<{ readonly stdout: string } | Failed> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece
  })
  const said = lastWords(child.stdout, child.stderr)
  return await new Promise((resolve) => {
    child.once('error', (error) => resolve({ failed: `${program} cannot be run: ${error.message}` }))
    child.once('close', (code) =>
      resolve(code === 0 ? { stdout } : { failed: `${program}: ${said() || `it ended with ${code}`}` }),
    )
  })
}

/** The end of what it says, whenever that is asked for. */
export function lastWords(...streams: readonly Readable[]): () => string {
  let text = ''
  for (const stream of streams)
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-LAST_WORDS)
    })
  return () => text.trim()
}
