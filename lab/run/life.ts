import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { endRun } from './end.ts'
import { decide, faultIn } from './judge.ts'
import { tryLock } from './lock.ts'
import { refuseName, runFolder, runsFolder } from './places.ts'
import { identify, isAlive, type ProcessIdentity } from './processes.ts'
import {
  changeRecord,
  createRecord,
  type Ending,
  type RunRecord,
  readRecord,
  runNames,
  type Undo,
} from './record.ts'
import { isRunning } from './run.ts'

/**
 * The one life cycle of everything that the lab runs: under a lock of its name, after runs of dead owners are cleared
 * away, a run is found well and kept, or begun, recorded, and attached to; if a step fails, what was started is ended.
 */

/** What every kind of run is asked for by. */
export interface RunWish {
  readonly name: string
  /** The run ends with this process at the latest: the next `up` of any name clears it away. */
  readonly ownerPid?: number
  readonly progress?: (line: string) => void
}

/** What a kind knows of its run once it has begun. */
export type Begun = Pick<RunRecord, 'server' | 'kubectl'>

/** A kind of run: what is its own in the life cycle. */
export interface RunKind<Wish extends RunWish, Run> {
  /** In its record and in messages: "the room "x" runs already". */
  readonly name: string
  readonly ending: Ending
  readonly undo: readonly Undo[]
  /** Why such a run cannot be, in words; undefined when it can. */
  readonly refuse?: (wish: Wish) => string | undefined
  /** Makes the run in its new folder `dir`, which has a record and a folder `tmp`. */
  readonly begin: (dir: string, wish: Wish, progress: (line: string) => void) => Promise<Begun>
  /** Why one that was finished and whose processes live is not well all the same. */
  readonly faultOf?: (dir: string, record: RunRecord) => Promise<string | undefined>
  /** Gives one that is well what is wished and missing. @throws with a reason and a mend when that cannot be. */
  readonly adapt?: (dir: string, wish: Wish, progress: (line: string) => void) => Promise<void>
  /** The typed API over the run in `dir`, as its record is now. */
  readonly attach: (dir: string, record: RunRecord) => Run
}

/** What judging a run takes of its kind; so kinds of all wishes fit into one list. */
export type Judged = Pick<RunKind<never, unknown>, 'name' | 'faultOf'>

/**
 * Starts a run, or attaches to the healthy one of that name, and adds what is asked for and missing. A crashed one of
 * that name is cleared away first.
 *
 * @throws with a reason and a mend when the wish is refused, another command works on that name, it names a run of
 *   another kind, or a part does not start; what was started until then is ended.
 */
export async function up<Wish extends RunWish, Run>(kind: RunKind<Wish, Run>, wish: Wish): Promise<Run> {
  const refusal = refuseName(wish.name) ?? kind.refuse?.(wish)
  if (refusal) throw new Error(refusal)
  const progress = wish.progress ?? (() => {})
  const release = take(wish.name)
  try {
    await clearOrphans(progress)
    const dir = runFolder(wish.name)
    const called = `the ${kind.name} "${wish.name}"`
    const next = decide(kind.name, readRecord(dir)?.kind, await faultOf(kind, dir), existsSync(dir))
    if (next.do === 'refuse')
      throw new Error(`"${wish.name}" is a ${next.because}: end that first, or choose another name`)
    if (next.do === 'clear') {
      progress(`clearing away ${called}: ${next.because}`)
      await endRun(dir)
    }
    if (next.do === 'keep') progress(`${called} runs already`)
    else await begin(kind, dir, wish, progress)
    await kind.adapt?.(dir, wish, progress)
    return attachTo(kind, dir)
  } finally {
    release()
  }
}

/** Attaches to a running, healthy run of that kind; undefined when there is none of that name. */
export async function open<Wish extends RunWish, Run>(
  kind: RunKind<Wish, Run>,
  name: string,
): Promise<Run | undefined> {
  const dir = runFolder(name)
  return (await faultOf(kind, dir)) === undefined ? attachTo(kind, dir) : undefined
}

/** Ends a run of that name, of whatever kind and in whatever state. Resolves with false when there is none. */
export async function down(name: string): Promise<boolean> {
  const dir = runFolder(name)
  const release = take(name)
  try {
    if (!existsSync(dir)) return false
    await endRun(dir)
    return true
  } finally {
    release()
  }
}

/** Ends a run that is not finished yet, for an `up` that is interrupted; a finished one stays. */
export async function abandon(name: string): Promise<void> {
  const dir = runFolder(name)
  if (existsSync(dir) && readRecord(dir)?.phase !== 'ready') await endRun(dir)
}

/** Why a run is not what its record promises, in words; undefined when it is. */
export async function faultOf(kind: Judged, dir: string): Promise<string | undefined> {
  if (!existsSync(dir)) return 'it does not exist'
  const record = readRecord(dir)
  if (!record) return 'its record is missing or damaged'
  return faultIn(record, kind.name, isAlive, (one) => isRunning(dir, one)) ?? kind.faultOf?.(dir, record)
}

async function begin<Wish extends RunWish, Run>(
  kind: RunKind<Wish, Run>,
  dir: string,
  wish: Wish,
  progress: (line: string) => void,
): Promise<void> {
  const owner = wish.ownerPid === undefined ? undefined : ownerOf(wish.ownerPid)
  createRecord({
    name: wish.name,
    kind: kind.name,
    phase: 'starting',
    createdAt: new Date().toISOString(),
    ...(owner ? { owner } : {}),
    undo: kind.undo,
    ending: kind.ending,
    processes: [],
  })
  try {
    mkdirSync(join(dir, 'tmp'), { mode: 0o700 })
    const begun = await kind.begin(dir, wish, progress)
    await changeRecord(dir, (record) => ({ ...record, ...begun, phase: 'ready' }))
  } catch (error) {
    await endRun(dir)
    throw error
  }
}

function attachTo<Wish extends RunWish, Run>(kind: RunKind<Wish, Run>, dir: string): Run {
  const record = readRecord(dir)
  if (!record) throw new Error(`the ${kind.name} in ${dir} was ended meanwhile`)
  return kind.attach(dir, record)
}

/** The lock of a name; the returned function releases it. */
function take(name: string): () => void {
  const lock = tryLock(join(runsFolder(), `${name}.lock`))
  if (lock.held) return lock.release
  throw new Error(`another command (process ${lock.holder}) is at work on "${name}": wait for it, or end it`)
}

function ownerOf(pid: number): ProcessIdentity {
  const owner = identify(pid)
  if (!owner) throw new Error(`process ${pid}, which shall own the run, does not run`)
  return owner
}

/** Ends the runs of tests that died without saying goodbye, except those that another command works on. */
async function clearOrphans(progress: (line: string) => void): Promise<void> {
  for (const name of runNames()) {
    const record = readRecord(join(runsFolder(), name))
    if (!record?.owner || isAlive(record.owner)) continue
    const lock = tryLock(join(runsFolder(), `${name}.lock`))
    if (!lock.held) continue
    progress(`clearing away the ${record.kind} "${name}": its owner, process ${record.owner.pid}, is gone`)
    await endRun(join(runsFolder(), name)).finally(lock.release)
  }
}
