import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { killGroup } from '../bounded.ts'
import type { Paths } from './disk.ts'

/** One copy from a home to what becomes of it on the other side. */
export interface Copy {
  readonly from: string
  readonly to: string
  /** Nothing else copies into it while this file is locked. */
  readonly lock: string
}

/** The ways of copying. */
export interface Copies {
  /** Copies what differs by size and time, or in any byte. Vanished files are no fault while somebody works. */
  all(copy: Copy, compare: 'times' | 'bytes', signal: AbortSignal): Promise<Copied>
  /**
   * Copies what is left of a home in which nobody works, and resolves with `done` only when rsync then finds no difference.
   *
   * @param since of files with a later change time every byte is compared, in seconds
   */
  last(copy: Copy, since: number, signal: AbortSignal): Promise<Copied>
  /** Adds what is there to what stands there, removes nothing; `done` only when every byte is there. */
  add(copy: Copy, signal: AbortSignal): Promise<Copied>
}

/** By rsync, of the lowest rank for processor and disk, since people work beside it. */
export const byRsync = (program: readonly string[] = RSYNC): Copies => ({
  all: (copy, compare, signal) => copyAll(copy, compare, signal, program),
  last: (copy, since, signal) => lastPass(copy, since, signal, program),
  add: (copy, signal) => addAll(copy, signal, program),
})
const RSYNC = ['nice', '-n', '19', 'ionice', '-c', '3', 'rsync']

/** What came of a copy. */
export type Copied =
  | { readonly state: 'done'; readonly bytes: number; readonly files: number }
  /** Another copy into the same place still runs. */
  | { readonly state: 'busy' }
  /** It was ended from here. */
  | { readonly state: 'stopped' }
  | { readonly state: 'full' }
  | { readonly state: 'failed'; readonly why: string }

export const copyTo = (from: Pick<Paths, 'home'>, to: Pick<Paths, 'staged'>): Copy => ({
  from: from.home,
  to: to.staged,
  lock: `${to.staged}.lock`,
})

/**
 * All that a file is but its inode, its atime and what belongs to the disk: owners, modes, times to the nanosecond, links,
 * hard links, holes, access lists, and the attributes that a person may set. Nothing in place: a file that is being
 * written appears whole, or is the earlier one.
 */
const ALL = [
  ...['--archive', '--hard-links', '--acls', '--xattrs', '--filter=-x! user.*', '--numeric-ids', '--sparse'],
  '--modify-window=-1',
]
const REMOVE = ['--delete', '--force']
const STATS = ['--info=stats2', '--no-human-readable']

const copyAll = (
  copy: Copy,
  compare: 'times' | 'bytes',
  signal: AbortSignal,
  program: readonly string[],
): Promise<Copied> =>
  rsync(
    copy,
    [
      ...ALL,
      ...REMOVE,
      ...STATS,
      ...(compare === 'bytes' ? ['--checksum'] : []),
      '--',
      `${copy.from}/`,
      `${copy.to}/`,
    ],
    signal,
    program,
    [0, 24],
  ).then(told)

/** Rounds of the last pass: the first one leaves nothing, unless somebody still writes. */
const ROUNDS = 3

async function lastPass(
  copy: Copy,
  since: number,
  signal: AbortSignal,
  program: readonly string[],
): Promise<Copied> {
  for (let round = 0; round < ROUNDS; round++) {
    const all = await rsync(
      copy,
      [...ALL, ...REMOVE, ...STATS, '--', `${copy.from}/`, `${copy.to}/`],
      signal,
      program,
    )
    if (all.state !== 'done') return told(all)
    const changed = await changedSince(copy.from, since, signal)
    if (signal.aborted) return { state: 'stopped' }
    if (changed.length > 0) {
      const names = [...ALL, '--checksum', '--from0', '--files-from=-', '--', `${copy.from}/`, `${copy.to}/`]
      const bytes = await rsync(copy, names, signal, program, [0], changed)
      if (bytes.state !== 'done') return told(bytes)
    }
    const differs = await rsync(
      copy,
      [
        ...ALL,
        ...REMOVE,
        '--dry-run',
        '--itemize-changes',
        '--out-format=%i',
        '--',
        `${copy.from}/`,
        `${copy.to}/`,
      ],
      signal,
      program,
    )
    if (differs.state !== 'done') return told(differs)
    if (differs.said.trim() === '') {
      const flushed = await run(['sync', '--file-system', copy.to], signal)
      return flushed.code === 0 ? told(all) : { state: 'failed', why: flushed.stderr }
    }
  }
  return { state: 'failed', why: 'files change although nobody has the home' }
}

async function addAll(copy: Copy, signal: AbortSignal, program: readonly string[]): Promise<Copied> {
  const ways = ['--', `${copy.from}/`, `${copy.to}/`]
  const added = await rsync(copy, [...ALL, ...STATS, ...ways], signal, program)
  if (added.state !== 'done') return told(added)
  const look = [...ALL, '--checksum', '--dry-run', '--itemize-changes', '--out-format=%i', ...ways]
  const differs = await rsync(copy, look, signal, program)
  if (differs.state !== 'done') return told(differs)
  return differs.said.trim() === ''
    ? told(added)
    : { state: 'failed', why: 'files change although nobody has them' }
}

/** Names below a folder whose ctime is later, each with an end of zero; as bytes, since a name may be no text. */
async function changedSince(folder: string, since: number, signal: AbortSignal): Promise<Buffer> {
  const args = ['find', '.', '-type', 'f', '-newerct', `@${Math.floor(since)}`, '-print0']
  const found = await run(args, signal, NOTHING, folder)
  if (found.code !== 0 && !signal.aborted) throw new Error('find: a file could not be looked at')
  return found.stdout
}

const NOTHING: Buffer = Buffer.alloc(0)

type Ran = { readonly state: 'done'; readonly said: string } | Exclude<Copied, { readonly state: 'done' }>

/** flock(1) hands its lock to rsync and all that rsync starts: it falls when the last of them has ended, and no sooner. */
const BUSY = 200

async function rsync(
  { lock }: Copy,
  args: readonly string[],
  signal: AbortSignal,
  program: readonly string[],
  good: readonly number[] = [0],
  input = NOTHING,
): Promise<Ran> {
  await mkdir(dirname(lock), { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const locked = ['flock', '--nonblock', '--no-fork', '--conflict-exit-code', `${BUSY}`, lock]
  const { code, stdout, stderr } = await run([...locked, ...program, ...args], signal, input)
  if (signal.aborted) return { state: 'stopped' }
  if (code === BUSY) return { state: 'busy' }
  if (code !== undefined && good.includes(code)) return { state: 'done', said: stdout.toString() }
  if (/No space left on device|Disk quota exceeded/.test(stderr)) return { state: 'full' }
  // Names of files are private: of what rsync says only the reason is told.
  return { state: 'failed', why: reasonIn(stderr) || `rsync ended with ${code}` }
}

/** The reason in rsync's complaint, without the names of files. */
export function reasonIn(stderr: string): string {
  const reasons = stderr.split('\n').flatMap((line) => {
    const [, what, why] = /^rsync: (?:\[\w+\] )?(\w+).*: ([A-Z][^:()]*) \(\d+\)$/.exec(line) ?? []
    return what && why ? [`${what}: ${why}`] : []
  })
  return [...new Set(reasons)].slice(0, 3).join('; ')
}

function told(ran: Ran | Copied): Copied {
  if (ran.state !== 'done' || !('said' in ran)) return ran
  const number = (pattern: RegExp): number => Number(pattern.exec(ran.said)?.[1]?.replaceAll(',', '') ?? 0)
  return {
    state: 'done',
    bytes: number(/^Total file size: ([\d,]+)/m),
    files: number(/^Number of files: ([\d,]+)/m),
  }
}

const LONGEST = 64 * 1024

interface Run {
  readonly code: number | undefined
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a program in a group of its own, which ends with the signal, and resolves when all of it has ended. */
function run(
  [program = '', ...args]: readonly string[],
  signal: AbortSignal,
  input = NOTHING,
  cwd = '/',
): Promise<Run> {
  return new Promise((done, failed) => {
    if (signal.aborted) {
      done({ code: undefined, stdout: NOTHING, stderr: 'it was ended' })
      return
    }
    const child = spawn('env', ['LC_ALL=C.UTF-8', program, ...args], {
      cwd,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const end = (): void => killGroup(child.pid)
    signal.addEventListener('abort', end, { once: true })
    const pieces: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', (piece: Buffer) => void pieces.push(piece))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < LONGEST) stderr += text
    })
    // One that ends early says why itself.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.once('error', failed)
    child.once('close', (code) => {
      signal.removeEventListener('abort', end)
      done({ code: code ?? undefined, stdout: Buffer.concat(pieces), stderr })
    })
  })
}
