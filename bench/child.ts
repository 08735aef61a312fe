import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'
import { NODE_FLAGS } from '../charts/kit/pods.ts'
import { plain } from './shipped.ts'

/** A process of the bench that is asked things, one at a time. */
export interface Child {
  ask<T>(answer: z.ZodType<T>, message: object): Promise<T>
  end(): void
}

export interface Way {
  /** The cores on which it runs alone, as taskset names them. @default all */
  readonly cores?: string
  /** Of Node. @default those of our programs */
  readonly flags?: readonly string[]
  /** The folder in which it stands as images have programs. @default here, as it is written */
  readonly shipped?: string
}

/** Starts a file of this folder. */
export function child(file: string, { cores, flags = NODE_FLAGS, shipped }: Way = {}): Child {
  const command = [...(cores === undefined ? [] : ['taskset', '-c', cores]), process.execPath]
  const path = shipped === undefined ? join(import.meta.dirname, file) : join(shipped, 'bench', plain(file))
  const [program = '', ...args] = [...command, ...flags, path]
  const started: ChildProcess = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    ask: (answer, message) =>
      new Promise((done, fail) => {
        const gone = (code: number | null) => fail(new Error(`${file} ended with ${code}`))
        started.once('exit', gone)
        started.once('message', (said) => {
          started.off('exit', gone)
          try {
            done(answer.parse(said))
          } catch (error) {
            fail(error)
          }
        })
        started.send(message)
      }),
    end: () => {
      if (started.connected) started.disconnect()
    },
  }
}

/** What a process has used: CPU in µs since its start, memory in bytes: now, and the most it ever was. */
export const Usage = z.object({ cpu: z.number(), rss: z.number(), most: z.number() })
export type Usage = z.infer<typeof Usage>
