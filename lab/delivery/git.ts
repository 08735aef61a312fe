import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NETWORK } from '../room/plan.ts'
import type { Room } from '../room/room.ts'
import { until } from '../run/readiness.ts'
import { logTail, runs } from '../run/run.ts'

const run = promisify(execFile)

const PROCESS = 'git-daemon'
const BRANCH = 'main'

/** The room's Git repository: a bare one that the room's network is served, and a clone of it to work in. */
export interface Repository {
  /** What pods fetch it by. */
  readonly url: string
  /** The clone. */
  readonly folder: string
  /** Runs git in the clone; resolves with its output. @throws with what git complained of. */
  git(...args: string[]): Promise<string>
  /** Commits everything that changed in the clone, and pushes it. Resolves with the commit now at the branch's head. */
  commit(message: string): Promise<string>
}

/**
 * The repository of a room; made and served at the first call. It is read by Git's own protocol, and written to on
 * this machine alone, by its path.
 */
export async function roomRepository(room: Room): Promise<Repository> {
  const base = join(room.dir, 'git')
  const bare = join(base, 'deskfleet.git')
  const folder = join(room.dir, 'repository')
  if (!existsSync(folder)) {
    mkdirSync(base, { recursive: true })
    await run('git', ['init', '--quiet', '--bare', `--initial-branch=${BRANCH}`, bare])
    await run('git', ['clone', '--quiet', bare, folder])
  }
  if (!runs(room.dir, PROCESS)) await serve(room, base)
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', ['-C', folder, ...IDENTITY, ...args], { maxBuffer: 1 << 26 })).stdout
  return {
    url: `git://${NETWORK.gateway}/deskfleet.git`,
    folder,
    git,
    async commit(message) {
      await git('add', '--all')
      const changed = await git('status', '--porcelain')
      if (changed !== '') await git('commit', '--quiet', `--message=${message}`)
      await git('push', '--quiet', 'origin', `HEAD:${BRANCH}`)
      return (await git('rev-parse', 'HEAD')).trim()
    },
  }
}

/** Whoever runs the lab need not have told Git who they are. */
const IDENTITY = [
  '-c',
  'user.name=Room administrator',
  '-c',
  'user.email=admin@room.example.org',
  '-c',
  'commit.gpgsign=false',
]

async function serve(room: Room, base: string): Promise<void> {
  const programs = (await run('git', ['--exec-path'])).stdout.trim()
  // On all addresses of the room's network, which nobody outside sees: the bridge comes and goes with the PCs.
  await room.start(
    PROCESS,
    'nsenter',
    [
      ...room.machine.network,
      join(programs, PROCESS),
      '--export-all',
      '--reuseaddr',
      `--base-path=${base}`,
      base,
    ],
    { becomes: PROCESS },
  )
  const dial = ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/9418']
  const reachable = async (): Promise<boolean> => (await room.machine.exec(dial)).code === 0
  const outcome = await until("the room's Git server", 10_000, reachable, () => runs(room.dir, PROCESS))
  if (!outcome.ready) throw new Error(`${outcome.reason}\n${logTail(room.dir, PROCESS)}`)
}
