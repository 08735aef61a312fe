import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { call } from '../programs/call.ts'

/** Where official releases are published; a site with a mirror, or a test, names its own. */
export interface ReleaseSites {
  readonly kubernetes: string
  readonly etcd: string
}

export const OFFICIAL: ReleaseSites = {
  kubernetes: 'https://dl.k8s.io',
  etcd: 'https://github.com/etcd-io/etcd/releases/download',
}

/** How long a site may take to answer before the lab takes it for unreachable, in milliseconds. */
const PATIENCE = 4_000

/** Fetches programs of a version from a site into a folder, checked against the checksums that are published there. */
export type Download = (
  site: string,
  version: string,
  names: readonly string[],
  folder: string,
  progress: (line: string) => void,
) => Promise<void>

/** Each command of Kubernetes is published by itself. */
export const downloadKubernetes: Download = async (site, version, names, folder, progress) => {
  for (const name of names) {
    const url = `${site}/${version}/bin/linux/${architecture()}/${name}`
    const sum = (await text(`${url}.sha256`)).trim().split(/\s/)[0] ?? ''
    progress(`downloading ${url}`)
    await download(url, sum, join(folder, name))
    await chmod(join(folder, name), 0o755)
  }
}

/** etcd's programs are published in one archive. */
export const downloadEtcd: Download = async (site, version, names, folder, progress) => {
  const stem = `etcd-${version}-linux-${architecture()}`
  const url = `${site}/${version}/${stem}.tar.gz`
  const sums = await text(`${site}/${version}/SHA256SUMS`)
  const sum =
    sums
      .split('\n')
      .find((line) => line.trim().endsWith(`${stem}.tar.gz`))
      ?.split(/\s/)[0] ?? ''
  progress(`downloading ${url}`)
  const archive = join(folder, basename(url))
  await download(url, sum, archive)
  const members = names.map((name) => `${stem}/${name}`)
  const unpacked = await call('tar', [
    '-xzf',
    archive,
    '-C',
    folder,
    '--strip-components=1',
    '--',
    ...members,
  ])
  if (unpacked.code !== 0) throw new Error(`tar could not unpack ${archive}: ${unpacked.stderr.trim()}`)
  await rm(archive)
}

export function architecture(): string {
  const known: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }
  return known[process.arch] ?? process.arch
}

/** Whether a site can be reached at all. */
export const answers = (site: string): Promise<boolean> =>
  fetch(site, { method: 'HEAD', signal: AbortSignal.timeout(PATIENCE) }).then(
    () => true,
    () => false,
  )

async function text(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) }).catch((error: unknown) => {
    throw new Error(`${new URL(url).host} cannot be reached (${reason(error)})`)
  })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return answer.text()
}

async function download(url: string, sum: string, file: string): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(sum)) throw new Error(`no SHA-256 of ${url} is published`)
  // Half an hour for a hundred megabytes: slower than that, building is faster.
  const answer = await fetch(url, { signal: AbortSignal.timeout(30 * 60_000) })
  if (!answer.ok || !answer.body) throw new Error(`${url} answered ${answer.status}`)
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(Readable.fromWeb(answer.body), hashing, createWriteStream(file, { mode: 0o600 }))
  const got = hash.digest('hex')
  if (got === sum) return
  await rm(file)
  throw new Error(`${url} has SHA-256 ${got}, but ${sum} is published: it was not used`)
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
