import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { UsageSummary } from '../../../cluster/storage-usage.ts'
import { cut } from '../../../config/cut.ts'
import type { Clock } from '../../../service/clock.ts'
import { inTime } from '../../../service/in-time.ts'
import { killGroup } from '../../bounded.ts'
import { LAYOUT } from '../../layout.ts'
import type { Listing } from '../../usage/keep.ts'
import type { Inside } from '../pc/facts.ts'
import { must, run } from '../pc/run.ts'
import { copiesOf, FOLDER, isPlace, nameOf, obsolete, setHolding } from './place.ts'
import { endOf, homeIn, lineOf } from './text.ts'

export interface Lists {
  readonly inside: Inside
  /** Where a client of this PC shows the volume. */
  readonly mount: string
  /** The PCs of each set, as the volume's status has them. */
  readonly sets: readonly (readonly { readonly pc: string }[])[]
  readonly clock: Clock
}

/** Names that are tried until one lies where it shall: with two sets, each second one does. */
const TRIES = 40
/** Ms: a volume that takes longer to take a piece, or the rest, stands still. */
const PATIENCE = 60_000
const LONG = 3_600_000
/** Bytes that are handed over together. */
const PIECE = 64 * 1024

/**
 * What touches the volume is another program's work, always: a client that does not answer keeps whoever asks it in the
 * kernel, and this process has a disk to look after.
 */
const WRITE = `set -o pipefail; umask 077
nice -n 19 gzip -6 | tee -- "$@" >/dev/null && sync -- "$@"`

/**
 * Begins a list of a set's files, in as many places on other sets as it is kept in.
 *
 * @throws when the volume is not shown here, is no storage directory yet, or gives no such place
 */
export async function beginList(lists: Lists, set: number, before: UsageSummary['index']): Promise<Listing> {
  const { inside, mount, clock } = lists
  const folder = `${mount}/${FOLDER}`
  await isReady(lists)
  const paths = await places(lists, set, clock.wall())
  const [program = '', ...args] = [...inside.way, 'bash', '-c', WRITE, 'bash', ...paths]
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true })
  const writer = writerTo(child, clock)
  let files = 0
  const homes = new Set<string>()
  return {
    add(entry) {
      const line = lineOf(entry)
      if (line === undefined) return undefined
      files++
      const home = homeIn(entry.path)
      if (home !== undefined) homes.add(home)
      return writer.write(line)
    },
    async keep(at) {
      await writer.write(Buffer.from(endOf(files)))
      await writer.end()
      for (const path of paths) {
        const on = await setOf(lists, path)
        if (!isPlace(on, set, []))
          throw new Error(`the list of set ${set} lies on set ${on ?? 'nobody knows which'}`)
        await must(inside, ['gzip', '-t', path], LONG)
      }
      const names = (await must(inside, ['ls', folder], PATIENCE)).split('\n')
      const old = obsolete(names, set, files, before?.files).map((name) => `${folder}/${name}`)
      if (old.length > 0) await must(inside, ['rm', '-f', '--', ...old], PATIENCE)
      return { at: at.toISOString(), files, homes: homes.size }
    },
    async drop() {
      writer.stop()
      await run(inside, ['rm', '-f', '--', ...paths], PATIENCE)
    },
  }
}

/** @throws unless the volume is shown here, is a storage directory, and has the folder of lists, which is root's alone. */
async function isReady({ inside, mount }: Lists): Promise<void> {
  // Before it is one, whatever lay in it would keep it from ever becoming one.
  await must(inside, ['stat', `${mount}/${LAYOUT.marker}`], PATIENCE)
  await must(inside, ['mkdir', '-p', '-m', '0700', `${mount}/${FOLDER}`], PATIENCE)
  const is = (await must(inside, ['stat', '--format=%F %u %a', `${mount}/${FOLDER}`], PATIENCE)).trim()
  if (is !== 'directory 0 700')
    throw new Error(`${FOLDER} of the volume is not root's alone (${is}): look at it`)
}

/** Empty files that lie on other sets. */
async function places(lists: Lists, set: number, at: Date): Promise<string[]> {
  const { inside, mount, sets } = lists
  const [found, taken]: [string[], number[]] = [[], []]
  for (let number = 0; number < TRIES && found.length < copiesOf(sets.length); number++) {
    const path = `${mount}/${FOLDER}/${nameOf(set, at, number)}`
    await must(inside, ['sh', '-c', 'umask 077; set -C; : >"$1"', 'sh', path], PATIENCE)
    const on = await setOf(lists, path).catch(() => undefined)
    if (isPlace(on, set, taken)) {
      found.push(path)
      taken.push(on)
    } else await run(inside, ['rm', '-f', '--', path], PATIENCE)
  }
  if (found.length === 0) throw new Error(`no place outside set ${set} was found for the list of its files`)
  return found
}

async function setOf({ inside, sets }: Lists, path: string): Promise<number | undefined> {
  const asked = [
    'getfattr',
    '--absolute-names',
    '--only-values',
    '--name',
    'trusted.glusterfs.pathinfo',
    path,
  ]
  return setHolding(await must(inside, asked, PATIENCE), sets)
}

/** Hands pieces to the program, and waits as long as it takes them. Once it failed, every further call rejects. */
function writerTo(child: ChildProcessByStdio<Writable, null, Readable>, clock: Clock) {
  let said = ''
  let waiting: Buffer[] = []
  let bytes = 0
  const ended = Promise.race([
    once(child, 'close').then(([code]) => {
      if (code !== 0) throw new Error(`a list could not be written: ${said.trim() || `exit code ${code}`}`)
    }),
    once(child, 'error').then(([error]) => Promise.reject(error)),
  ])
  ended.catch(() => {})
  child.stdin.on('error', () => {})
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = cut(`${said}${text}`, 300)
  })
  const late = async (work: Promise<unknown>, limit: number): Promise<void> => {
    const done = Symbol('done')
    const what = await inTime(
      clock,
      limit,
      work.then(() => done),
    )
    if (what !== done) throw new Error('the volume took too long to take a list of files')
  }
  const flush = async (): Promise<void> => {
    const piece = Buffer.concat(waiting)
    waiting = []
    bytes = 0
    if (child.stdin.destroyed) await ended
    // Whoever fails does so before anything is drained.
    if (!child.stdin.write(piece)) await late(Promise.race([once(child.stdin, 'drain'), ended]), PATIENCE)
  }
  return {
    /** Undefined while there is nothing to wait for. */
    write(line: Buffer): Promise<void> | undefined {
      waiting.push(line)
      bytes += line.length
      return bytes >= PIECE ? flush() : undefined
    },
    async end() {
      await flush()
      child.stdin.end()
      await late(ended, LONG)
    },
    stop: () => killGroup(child.pid),
  }
}
