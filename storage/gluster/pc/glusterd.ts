import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listName, listsIn } from '../../../certificates/revocation.ts'
import { certificatesIn } from '../../../certificates/standing.ts'
import type { Inside, Places, Pool } from './facts.ts'
import { must, run } from './run.ts'

/** glusterd and what it starts, as processes of the PC. They are daemons: they outlive whoever asked for them. */

const FILES = ['glusterfs.key', 'glusterfs.pem', 'glusterfs.ca']

export const hasKeys = async ({ root }: Inside, { tls }: Places): Promise<boolean> => {
  const there = new Set(await readdir(join(root, tls)).catch(() => []))
  return FILES.every((one) => there.has(one)) && listsIn(await trusted({ root }, tls)).length > 0
}

/** Whom this PC trusts in the pool, and which of their certificates it does not. */
const trusted = ({ root }: Pick<Inside, 'root'>, tls: string): Promise<string> =>
  readFile(join(root, tls, 'glusterfs.ca'), 'utf8').catch(() => '')

/** Where glusterd looks for lists of certificates that count no more: `glusterd.vol` names it. */
const LISTS = 'crl'

/**
 * Gives glusterd the list of certificates that count no more. One that runs takes in a further file and never looks at
 * an old one again; one that starts begins with the newest.
 */
export async function layRevocations(
  { root }: Pick<Inside, 'root'>,
  { state, tls }: Pick<Places, 'state' | 'tls'>,
  isStarting = false,
): Promise<void> {
  const text = await trusted({ root }, tls)
  const [[authority], [list]] = [certificatesIn(text), listsIn(text)]
  if (authority === undefined || list === undefined) return
  const folder = join(root, state, LISTS)
  if (isStarting) await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const number = (await readdir(folder)).filter((name) => /\.r\d+$/.test(name)).length
  const last = number > 0 ? await readFile(join(folder, listName(authority, number - 1)), 'utf8') : ''
  if (last.trim() === list.trim()) return
  const made = join(folder, 'new')
  await writeFile(made, `${list}\n`)
  await rename(made, join(folder, listName(authority, number)))
}

/** What glusterd has written down of itself and of others. */
export async function poolOf({ root }: Inside, { state }: Places): Promise<Pool> {
  const list = (name: string): Promise<string[]> => readdir(join(root, state, name)).catch(() => [])
  const info = await readFile(join(root, state, 'glusterd.info'), 'utf8').catch(() => '')
  const [peers, volumes] = await Promise.all([list('peers'), list('vols')])
  return { uuid: /^UUID=([0-9a-f-]{36})$/m.exec(info)?.[1], known: peers.length + volumes.length > 0 }
}

interface Process {
  readonly pid: string
  readonly command: readonly string[]
}

/** Those of Gluster's own, by their command lines: a client that mounts the volume is not among them. */
const OURS = [
  ({ command: [program = ''] }: Process): boolean => /(^|\/)glusterd$/.test(program),
  ({ command: [program = ''] }: Process): boolean => /(^|\/)glusterfsd$/.test(program),
  ({ command }: Process): boolean => command.includes('--process-name') && command.includes('glustershd'),
] as const

async function processes({ root }: Inside): Promise<Process[]> {
  const pids = (await readdir(join(root, '/proc'))).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(join(root, '/proc', pid, 'cmdline'), 'utf8').catch(() => '')
      return { pid, command: line.split('\0') }
    }),
  )
  return all.filter((one) => OURS.some((is) => is(one)))
}

/** Whether glusterd runs, and whether some process serves a brick. */
export async function runningIn(
  inside: Inside,
): Promise<{ readonly glusterd: boolean; readonly serving: boolean }> {
  const [isGlusterd, isBrick] = OURS
  const all = await processes(inside)
  return { glusterd: all.some(isGlusterd), serving: all.some(isBrick) }
}

/** That this file exists is what makes glusterd and its clients speak TLS to each other. */
const MANAGEMENT_TLS = 'secure-access'

/** @throws when it does not start */
export async function startGlusterd(inside: Inside, places: Places): Promise<void> {
  const { state } = places
  await mkdir(join(inside.root, state), { recursive: true })
  await writeFile(join(inside.root, state, MANAGEMENT_TLS), '')
  await layRevocations(inside, places, true)
  const started = ['glusterd', '--pid-file=/run/glusterd.pid', '--log-level=INFO']
  await must(inside, started, 60_000).catch((error: Error) => {
    throw new Error(`${error.message}; /var/log/glusterfs/glusterd.log says why`)
  })
}

/** Ends glusterd first, which would start the others again. @throws when something is still there */
export async function stopGlusterd(inside: Inside): Promise<void> {
  for (const [signal, pause] of [
    ['-TERM', '1'],
    ['-KILL', '0.2'],
  ] as const) {
    const all = await processes(inside)
    if (all.length === 0) return
    // The shell's own: the image has no program for it.
    await run(inside, ['sh', '-c', 'kill "$@"', 'kill', signal, ...all.map(({ pid }) => pid)])
    await run(inside, ['sleep', pause])
  }
  if ((await processes(inside)).length > 0) throw new Error('glusterd or one of its bricks does not end')
}

/** Ends the processes that serve bricks, at once; glusterd stays. */
export async function stopBricks(inside: Inside): Promise<void> {
  const [, isBrick] = OURS
  const pids = (await processes(inside)).filter(isBrick).map(({ pid }) => pid)
  if (pids.length > 0) await run(inside, ['sh', '-c', 'kill "$@"', 'kill', '-KILL', ...pids])
}

/** Removes all that glusterd knows: the pool, its volumes, and the UUID by which the others knew it. */
export async function wipeState({ root }: Inside, { state }: Places): Promise<void> {
  for (const name of await readdir(join(root, state)))
    await rm(join(root, state, name), { recursive: true, force: true })
}
