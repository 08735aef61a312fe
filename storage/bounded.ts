import { spawn } from 'node:child_process'

/** What came of a program that was given so much time. */
export interface Ended {
  /** Undefined when it took too long; 127 when it could not be started, as a shell has it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** Resolves once the program is gone, which one that hangs in the kernel may never be. */
  readonly gone: Promise<void>
}

/**
 * Runs a program, and resolves when it ends or the time is over: never later. A look at a mount whose process does not
 * answer hangs in the kernel, where no signal ends it; so such a look is never this process's own.
 */
export function bounded(program: string, args: readonly string[], milliseconds: number): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a group of its own: what it started ends with it.
      detached: true,
    })
    let [stdout, stderr] = ['', '']
    const gone = new Promise<void>((ended) => {
      child.once('exit', () => ended())
      child.once('error', () => ended())
    })
    const end = (code: number | undefined): void => {
      clearTimeout(limit)
      done({ code, stdout, stderr, gone })
    }
    const limit = setTimeout(() => {
      killGroup(child.pid)
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      stderr += `${program} took longer than ${milliseconds} ms`
      end(undefined)
    }, milliseconds)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', (error) => {
      stderr += `${program} cannot be started: ${error.message}`
      end(127)
    })
    child.once('close', (code) => end(code ?? 1))
  })
}

/** Ends a program that was started in a group of its own, and all that it started; nothing where it never began. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}

/** Like `bounded`. @throws with what it said when it failed. Resolves with its stdout. */
export async function must(program: string, args: readonly string[], milliseconds: number): Promise<string> {
  const { code, stdout, stderr } = await bounded(program, args, milliseconds)
  if (code === 0) return stdout
  throw Object.assign(new Error(`${program} ${args.at(-1) ?? ''}: ${stderr.trim() || `exit code ${code}`}`), {
    stderr,
  })
}
