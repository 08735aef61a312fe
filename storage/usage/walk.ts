import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cut } from '../../config/cut.ts'
import type { Clock } from '../../service/clock.ts'
import { killGroup } from '../bounded.ts'
import { type Entry, entriesIn, FORMAT } from './entry.ts'

export interface Walk {
  /** What stands before the command; nothing but in a lab. */
  readonly way: readonly string[]
  readonly folder: string
  /** Names at its top that are passed over. */
  readonly without: readonly string[]
  readonly clock: Clock
}

/** What came of it: how many entries were met, and how many could not be looked at. */
export interface Walked {
  readonly entries: number
  readonly unread: number
}

/**
 * Ms of rest after each piece of the list, some hundreds of names: whoever lists waits with it, so that neither a
 * processor nor a disk is ever busy with this alone.
 */
const REST = 20
/** More complaints than this are no single folders that went away meanwhile. */
const MOST_UNREAD = 1_000
const LONGEST_REASON = 300

/** Of the lowest priority, for the processor and, where the kernel knows of it, for the disk. */
const LAST = ['nice', '-n', '19', 'ionice', '-t', '-c', '3']

/**
 * Goes through all that is in a folder, on its file system alone, by find(1), which keeps nothing in memory either.
 *
 * @param met told of everything that is no folder; may be waited for
 * @throws when the signal aborts, when there is nothing to walk over, and when it cannot be gone through
 */
export async function walk(
  { way, folder, without, clock }: Walk,
  met: (entry: Entry) => Promise<void> | undefined | void,
  signal: AbortSignal,
): Promise<Walked> {
  signal.throwIfAborted()
  const pruned = without.flatMap((name) => ['-path', `${folder}/${name}`, '-prune', '-o'])
  const list = ['find', folder, '-ignore_readdir_race', '-xdev', ...pruned]
  const [program = '', ...args] = [...way, ...LAST, ...list, '!', '-type', 'd', '-printf', FORMAT]
  const child = spawn(program, args, {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const ended = Promise.race([
    once(child, 'close').then(([code]) => Number(code ?? 1)),
    once(child, 'error').then(([error]) => Promise.reject(error)),
  ])
  ended.catch(() => {})
  const stop = (): void => {
    killGroup(child.pid)
    // One that a dead disk keeps in the kernel ends for nobody, and is waited for by nobody.
    child.stdout.destroy()
  }
  signal.addEventListener('abort', stop, { once: true })
  let [unread, said] = [0, '']
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    unread += text.split('\n').length - 1
    said = cut(`${said}${text}`, LONGEST_REASON)
  })
  try {
    let entries = 0
    const pieces = { rest: Buffer.alloc(0) }
    for await (const piece of child.stdout) {
      for (const entry of entriesIn(pieces, piece)) {
        entries++
        const taken = met(entry)
        if (taken !== undefined) await taken
      }
      await clock.sleep(REST, signal)
      signal.throwIfAborted()
    }
    const code = await ended
    signal.throwIfAborted()
    if (code !== 0 && (entries === 0 || unread === 0 || unread > MOST_UNREAD || code > 1))
      throw new Error(`${folder} cannot be gone through: ${said.trim() || `find ended with ${code}`}`)
    return { entries, unread }
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
  }
}
