import { spawn } from 'node:child_process'

export interface CallOptions {
  /** Goes to its stdin, which is closed after it. */
  readonly input?: string
  /** The whole environment. @default this process's own */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Called with each line of stderr as it comes. */
  readonly onLine?: (line: string) => void
  /** Ends it after so many milliseconds. @default never */
  readonly timeout?: number
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal
}

export interface CallResult {
  /** Its exit code; 1 when a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end. Resolves whatever its exit code is; rejects when it cannot be started at all, or was
 * ended by `signal`.
 */
export function call(
  program: string,
  args: readonly string[],
  { input = '', onLine, ...options }: CallOptions = {},
): Promise<CallResult> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
    let [stdout, stderr, begun] = ['', '', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      const lines = (begun + text).split('\n')
      begun = lines.pop() ?? ''
      for (const line of lines) onLine?.(line)
    })
    child.once('error', fail)
    child.once('close', (code) => done({ code: code ?? 1, stdout, stderr }))
    // One that ends before it has read everything is judged by its exit code, not by a broken pipe.
    child.stdin.once('error', () => {})
    child.stdin.end(input)
  })
}
