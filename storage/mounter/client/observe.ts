import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { MountLine } from '../../mountinfo.ts'
import type { Client, ClientMount, Said, Seen } from './facts.ts'
import type { Laid } from './lay.ts'
import type { Looks } from './looks.ts'
import type { Places } from './places.ts'
import type { Processes, RunningClient } from './processes.ts'

export const VOLUME_TYPE = 'fuse.glusterfs'
const POINT = /^volumes\/(\d{1,9})$/

/** A client's mount as the kernel lists it. */
export interface VolumeMount {
  readonly number: number
  readonly device: string
  /** How many other mounts show something of the same file system. */
  readonly shown: number
}

/** The clients' mounts among the mounts below the run directory. Another file system at that place is none. */
export function volumeMounts(lines: readonly MountLine[]): VolumeMount[] {
  const last = new Map<number, MountLine>()
  for (const line of lines) {
    const number = POINT.exec(line.point)?.[1]
    if (number !== undefined && line.type === VOLUME_TYPE) last.set(Number(number), line)
  }
  return [...last].map(([number, { device, point }]) => ({
    number,
    device,
    shown: lines.filter((one) => one.device === device && one.point !== point).length,
  }))
}

/** What is remembered from look to look: since when each mount has answered, or has not. */
export type Sinces = Map<number, { readonly answers: boolean; readonly at: number }>

/** Puts processes and mounts together by their numbers. */
export function clientsOf(
  running: readonly RunningClient[],
  mounts: readonly VolumeMount[],
  said: ReadonlyMap<number, Said>,
  since: Sinces,
  now: number,
): Client[] {
  const numbers = new Set([...running, ...mounts].map(({ number }) => number))
  for (const number of since.keys()) if (!said.has(number)) since.delete(number)
  const mountOf = (number: number): ClientMount | undefined => {
    const mount = mounts.find((one) => one.number === number)
    const word = said.get(number)
    if (!mount || !word) return undefined
    const answers = word === 'answers'
    const known = since.get(number)
    const at = known?.answers === answers ? known.at : now
    since.set(number, { answers, at })
    return { said: word, since: now - at, shown: mount.shown }
  }
  return [...numbers]
    .sort((a, b) => a - b)
    .map((number) => {
      const found = running.find((one) => one.number === number)
      return {
        number,
        process: found && {
          version: found.version,
          servers: found.servers,
          runs: found.runs,
          age: found.age,
        },
        mount: mountOf(number),
      }
    })
}

export interface Sources {
  readonly places: Places
  readonly processes: Processes
  readonly laid: Laid
  readonly looks: Looks
  mounts(): Promise<readonly MountLine[]>
  /** The PCs that serve the volume, as this PC prefers them. */
  servers(): readonly string[]
}

/** All that a decision rests on, and what else the same look showed. */
export interface Look {
  readonly seen: Seen
  readonly running: readonly RunningClient[]
  readonly mounts: readonly VolumeMount[]
}

/** Looks at everything once. @throws when something cannot be read: what is not known is not taken for absent. */
export async function observe(
  { places, processes, laid, looks, mounts, servers }: Sources,
  memory: { readonly since: Sinces; readonly starts: Seen['starts'] },
  now: number,
): Promise<Look> {
  const [running, lines, version, there, certificate] = await Promise.all([
    processes.list(),
    mounts(),
    laid.offered(),
    laid.list(),
    hasCertificate(places.tls),
  ])
  const found = volumeMounts(lines)
  const said = new Map(
    await Promise.all(
      found.map(
        async ({ number }) =>
          [number, (await looks.look(join(places.volumes, `${number}`), [])).said] as const,
      ),
    ),
  )
  return {
    running,
    mounts: found,
    seen: {
      clients: clientsOf(running, found, said, memory.since, now),
      version,
      laid: there,
      servers: servers(),
      certificate,
      starts: memory.starts,
    },
  }
}

const FILES = ['glusterfs.key', 'glusterfs.pem', 'glusterfs.ca']

const hasCertificate = async (folder: string): Promise<boolean> => {
  const sizes = await Promise.all(
    FILES.map((name) =>
      lstat(join(folder, name)).then(
        (file) => file.size,
        () => 0,
      ),
    ),
  )
  return sizes.every((size) => size > 0)
}
