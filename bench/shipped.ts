import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { sourceClosure } from '../lab/images/closure.ts'
import { layPrograms } from '../lab/images/programs.ts'

const root = join(import.meta.dirname, '..')

/** Programs as images have them: plain JavaScript, packages bundled. */
export interface Shipped {
  readonly folder: string
  /** Starts one of them, watched by `loop-watch.ts`. */
  start(program: string, how: Start): Watched
  remove(): void
}

export interface Start {
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** What a process used, and the longest that its event loop stood, in ms, since it was last asked. */
export const Watch = z.object({
  longest: z.number(),
  p99: z.number(),
  rss: z.number(),
  most: z.number(),
  cpu: z.number(),
})
export type Watch = z.infer<typeof Watch>

export interface Watched {
  ask(): Promise<Watch>
  /** The path of what it printed. */
  readonly log: string
  end(): Promise<void>
}

/** In every image that is measured, beside the programs: it is loaded before them. */
const LOOP = 'bench/loop-watch.ts'

/** Lays out programs of the repository in a folder of their own. */
export async function ship(programs: readonly string[]): Promise<Shipped> {
  const folder = mkdtempSync(join(tmpdir(), 'deskfleet-bench-'))
  const sources = new Set([...programs, LOOP].flatMap((program) => sourceClosure(root, program)))
  await layPrograms({ sources: [...sources], assets: [], files: [] }, { root, packages: root, app: folder })
  let started = 0
  return {
    folder,
    start(program, { flags, env }) {
      const log = join(folder, `${started++}.log`)
      const out = openSync(log, 'a')
      const args = [...flags, '--import', join(folder, plain(LOOP)), join(folder, plain(program))]
      const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', out, out, 'ipc'] })
      return watched(program, child, log)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export const plain = (path: string): string => path.replace(/\.ts$/, '.js')

function watched(program: string, child: ChildProcess, log: string): Watched {
  return {
    log,
    async ask() {
      if (!child.connected) throw new Error(`${program} ended: see ${log}`)
      const answer = once(child, 'message')
      child.send('ask')
      return Watch.parse((await answer)[0])
    },
    async end() {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}
