import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { waitForLock } from '../run/lock.ts'
import { cacheFolder, MODULES } from '../run/places.ts'
import { build, buildFlags, CGO_OFF, packagesOf } from './build.ts'
import { go, type Pins, readPins, versionOf } from './go.ts'
import { answers, OFFICIAL, type ReleaseSites } from './releases.ts'
import { type BinarySet, cacheKey, type SetName, setCalled, tagsOf } from './sets.ts'

export { cacheKey, SET_NAMES, type SetName } from './sets.ts'

export interface Sources {
  /** `KUBEBUILDER_ASSETS`: a folder with some or all of the binaries. */
  readonly assets?: string | undefined
  readonly cache?: string
  readonly releases?: ReleaseSites
  readonly progress?: (line: string) => void
}

/**
 * The path of each binary of the named sets: from the assets folder, the cache, the official release, or the pinned
 * Go modules, whichever has it first. What is downloaded or built goes to the cache.
 */
export async function locate(
  names: readonly SetName[],
  sources: Sources = { assets: process.env.KUBEBUILDER_ASSETS },
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const name of names) {
    const set = setCalled(name)
    const missing = set.binaries.filter((binary) => {
      const asset = assetOf(binary, sources)
      if (asset) found.set(binary, asset)
      return !found.has(binary)
    })
    if (missing.length === 0) continue
    const folder = await cached(name, set, sources)
    for (const binary of missing) found.set(binary, join(folder, binary))
  }
  return found
}

/** Whether all of a set is at hand, so that `locate` neither fetches nor builds. */
export function isAtHand(
  name: SetName,
  sources: Sources = { assets: process.env.KUBEBUILDER_ASSETS },
): boolean {
  const { binaries, module } = setCalled(name)
  if (binaries.every((binary) => assetOf(binary, sources))) return true
  return existsSync(folderOf(name, readPins(join(MODULES, module)), sources))
}

const folderOf = (name: SetName, pins: Pins, sources: Sources): string =>
  join(sources.cache ?? cacheFolder(), cacheKey(name, pins))

function assetOf(binary: string, { assets }: Sources): string | undefined {
  const asset = assets && join(assets, binary)
  return asset && isExecutable(asset) ? asset : undefined
}

async function cached(name: SetName, set: BinarySet, sources: Sources): Promise<string> {
  const pins = readPins(join(MODULES, set.module))
  const folder = folderOf(name, pins, sources)
  if (existsSync(folder)) return folder
  const progress = sources.progress ?? (() => {})
  const release = await waitForLock(`${folder}.lock`, `making ${name}`, progress)
  try {
    if (existsSync(folder)) return folder
    await removeLeftovers(folder)
    const making = `${folder}.making-${process.pid}`
    await mkdir(making, { recursive: true })
    await obtain(name, set, pins, making, sources.releases ?? OFFICIAL, progress)
    // The folder appears with everything in it or not at all.
    await rename(making, folder)
    return folder
  } catch (error) {
    await removeLeftovers(folder)
    throw error
  } finally {
    release()
  }
}

async function obtain(
  name: SetName,
  set: BinarySet,
  pins: Pins,
  folder: string,
  sites: ReleaseSites,
  progress: (line: string) => void,
): Promise<void> {
  if (set.release) {
    const { site, of, download } = set.release
    try {
      return await download(sites[site], versionOf(pins, of), set.binaries, folder, progress)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      progress(`no release of ${name}: ${reason}; going on with Go modules`)
      for (const part of await readdir(folder)) await rm(join(folder, part))
    }
  }
  await build(name, set, pins, folder, progress)
}

/**
 * Fetches the Go modules that building a set would fetch, so that they are there when its turn comes; nothing where
 * the set is at hand or its release can be had.
 */
export async function fetchModules(name: SetName, sources: Sources = {}): Promise<void> {
  const set = setCalled(name)
  if (isAtHand(name, sources)) return
  if (set.release && (await answers((sources.releases ?? OFFICIAL)[set.release.site]))) return
  const pins = readPins(join(MODULES, set.module))
  await go(pins, ['list', '-deps', ...buildFlags(pins, tagsOf(set)), ...packagesOf(set, pins)], CGO_OFF)
}

/** Half-made folders, of this build or of one that died: the lock is ours, so nobody works in them. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const entry of await readdir(dirname(folder))) {
    if (entry.startsWith(`${basename(folder)}.making-`))
      await rm(join(dirname(folder), entry), { recursive: true })
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
