import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { VERSION } from '../../config/version.ts'
import { readPins, versionOf } from '../binaries/go.ts'
import { locate } from '../binaries/locate.ts'
import { tarOf, unpackedDebian } from '../debian/root.ts'
import { buildImages } from '../images/build.ts'
import type { BuiltImage } from '../images/context.ts'
import { writeComponentImages } from '../room/component-images.ts'
import { NODE_DEBIAN, NODE_SETS } from '../room/node-image.ts'
import { cacheFolder, MODULES } from '../run/places.ts'
import { fetchArchive, INDEX, indexOf } from './archive.ts'
import {
  FOLDERS,
  imagesOf,
  isForPc,
  PROGRAMS,
  packagesAskedFor,
  READ_BY_INSTALLER,
  type Release,
  VERSIONS,
  versionsText,
} from './contents.ts'
import { type BundleFolder, type Filled, knownSums, openFolder, refuseFolder } from './folder.ts'
import { layRoom, readRoom } from './room.ts'
import { faultOfBundle } from './sums.ts'

/** One folder by which a PC becomes a node without a registry, a mirror or the internet: `install.sh --bundle` takes it. */

export interface BundleWish {
  readonly path: string
  /** Releases of Debian whose packages it has. */
  readonly releases: readonly Release[]
  /** Packages that are there already stay as they are: no mirror is asked what is newer. */
  readonly keepPackages?: boolean
  /** Images of ours that it has as well, for the registry of a room. */
  readonly ours: readonly BuiltImage[]
  /** The cluster.yaml of a room that `install.sh init` shall begin by it. @default none */
  readonly room?: string
}

/** What programs and images come from: all that a node of a room has, but for what makes rooms. */
export const BUNDLED_SETS = NODE_SETS.filter((name) => name !== 'kind')

const run = promisify(execFile)

const ROOT = join(import.meta.dirname, '..', '..')
const IMAGE_SOURCES = ['room/component-images.ts', 'images/archive.ts'].map((path) =>
  join(import.meta.dirname, '..', path),
)

export interface Versions {
  readonly kubernetes: string
  readonly containerd: string
  readonly etcd: string
  readonly coredns: string
}

export const versionsOfBundle = (): Versions => {
  const pinned = (folder: string, module: string): string =>
    versionOf(readPins(join(MODULES, folder)), module)
  return {
    kubernetes: pinned('kubernetes', 'k8s.io/kubernetes'),
    containerd: pinned('containerd', 'github.com/containerd/containerd/v2'),
    etcd: pinned('etcd', 'go.etcd.io/etcd/server/v3'),
    coredns: pinned('coredns', 'github.com/coredns/coredns'),
  }
}

/** What of this repository the PC gets: paths below its root. */
export const filesForPc = (): string[] =>
  READ_BY_INSTALLER.flatMap((folder) =>
    globSync(`${folder}/**/*`, { cwd: ROOT, withFileTypes: true })
      .filter((entry) => entry.isFile() && isForPc(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1)),
  ).sort()

/**
 * Fills the folder, or brings it up to date; what is there already and the same stays. Needs root for the images, and Debian's
 * mirror for the packages.
 *
 * @throws where something is missing or the finished bundle is not what the installer takes
 */
export async function makeBundle(wish: BundleWish, progress: (line: string) => void): Promise<Filled> {
  const { path } = wish
  const refusal = refuseFolder(path)
  if (refusal !== undefined) throw new Error(refusal)
  const room = wish.room === undefined ? undefined : await readRoom(wish.room)
  const before = existsSync(path) ? await faultOfBundle(path) : undefined
  const folder = openFolder(path, knownSums(path, before))
  const binaries = await locate(BUNDLED_SETS, { assets: process.env.KUBEBUILDER_ASSETS, progress })
  const binary = (name: string): string => {
    const found = binaries.get(name)
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found
  }
  progress('programs')
  for (const [place, names] of Object.entries(PROGRAMS))
    for (const name of names) await folder.lay(`${place}/${name}`, binary(name))
  for (const file of filesForPc()) await folder.lay(`${FOLDERS.repository}/${file}`, join(ROOT, file))
  const images = await layImages(folder, binaries, binary, progress)
  for (const release of wish.releases)
    if (!wish.keepPackages || !keepArchive(folder, release)) await layArchive(folder, release, progress)
  if (wish.ours.length > 0) progress(`images of ours: ${wish.ours.join(', ')}`)
  for (const { name, archive } of await buildImages(wish.ours, progress))
    await folder.lay(`${FOLDERS.registry}/${name}.tar`, archive)
  const { kubernetes } = versionsOfBundle()
  if (room) await withWork((work) => layRoom(folder, room, kubernetes, work, progress))
  folder.write(VERSIONS, versionsText({ ...versionsOfBundle(), deskfleet: VERSION, images }))
  const filled = folder.finish()
  progress('reading it once more, as a PC does before it takes anything')
  const fault = await faultOfBundle(path)
  if (fault !== undefined) throw new Error(`the bundle is not whole: ${fault}`)
  return filled
}

/** Images of Kubernetes' own parts. @returns by what they are known */
async function layImages(
  folder: BundleFolder,
  binaries: ReadonlyMap<string, string>,
  binary: (name: string) => string,
  progress: (line: string) => void,
): Promise<string> {
  const inputs = [[...binaries].sort(), basename(tarOf(NODE_DEBIAN)), ...IMAGE_SOURCES.map(textOf)]
  const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12)
  const has = [...globSync(`${FOLDERS.images}/*.tar`, { cwd: folder.path })]
  const madeOf = existsSync(join(folder.path, VERSIONS)) && imagesOf(textOf(join(folder.path, VERSIONS)))
  if (madeOf === key && has.length > 0 && has.every(folder.has)) {
    for (const file of has) folder.keep(file)
    return key
  }
  progress("images of Kubernetes' own parts, from the same programs")
  const debian = await unpackedDebian(NODE_DEBIAN, progress)
  await withWork(async (work) => {
    await writeComponentImages(work, binary, versionsOfBundle(), debian)
    for (const file of globSync('*.tar', { cwd: work }))
      await folder.lay(`${FOLDERS.images}/${file}`, join(work, file), 'moved')
  })
  return key
}

const archiveOf = (release: Release): string => `${FOLDERS.packages}/${release}`

/** Of every PC, and of one with a screen. */
const packagesOfPc = (): string[] =>
  (['packages', 'kiosk'] as const).flatMap((step) =>
    packagesAskedFor(step, textOf(join(ROOT, `installer/steps/${step}.sh`))),
  )

/** Whether there is one, whole, with all that is asked for today. */
function keepArchive(folder: BundleFolder, release: Release): boolean {
  const files = globSync(`${archiveOf(release)}/*`, { cwd: folder.path })
  const index = `${archiveOf(release)}/${INDEX}`
  if (!folder.has(index) || !files.every(folder.has)) return false
  const names = new Set(textOf(join(folder.path, index)).match(/(?<=^Package: ).+$/gm))
  if (!packagesOfPc().every((name) => names.has(name))) return false
  for (const file of files) folder.keep(file)
  return true
}

async function layArchive(
  folder: BundleFolder,
  release: Release,
  progress: (line: string) => void,
): Promise<void> {
  progress(`packages of Debian ${release}, from its mirror`)
  const asked = packagesOfPc()
  const place = archiveOf(release)
  await withWork(async (work) => {
    const files = await fetchArchive(release, asked, join(folder.path, place), join(work, 'apt'))
    for (const file of files) await folder.lay(`${place}/${basename(file)}`, file)
    folder.write(`${place}/${INDEX}`, await indexOf(dirname(files[0] ?? '')))
  })
}

const textOf = (file: string): string => readFileSync(file, 'utf8')

/** A folder beside the cache, where there is room for images; gone afterwards. */
async function withWork(work: (folder: string) => Promise<void>): Promise<void> {
  mkdirSync(dirname(cacheFolder()), { recursive: true })
  const folder = mkdtempSync(join(dirname(cacheFolder()), '.bundle-'))
  try {
    await work(folder)
  } finally {
    await run('rm', ['-rf', '--one-file-system', folder])
  }
}
