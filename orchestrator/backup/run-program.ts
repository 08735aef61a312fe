import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface Failed {
  readonly failed: string
}

/** What a program said last is enough to tell people why it ended. */
const LAST_WORDS = 600

/** What comes of a program, with the end of what it said. */
export async function runToEnd(program: string, args: readonly string[]): Promise<Failed | undefined> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = lastWords(child)
  return await new Promise((resolve) => {
    child.once('error', (error) => resolve({ failed: `${program} cannot be run: ${error.message}` }))
    child.once('close', (code) =>
      resolve(code === 0 ? undefined : { failed: said() || `it ended with ${code}` }),
    )
  })
}

/** The end of what it says, whenever that is asked for. */
export function lastWords({
  stdout,
  stderr,
}: {
  stdout: Readable | null
  stderr: Readable | null
}): () => string {
  let text = ''
  for (const stream of [stdout, stderr])
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-LAST_WORDS)
    })
  return () => text.trim()
}
