import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Buildable, build, buildFlags } from './build.ts'
import { type Pins, readPins, versionOf } from './go.ts'
import { waitForLock } from './lock.ts'
import { cacheFolder, MODULES } from './places.ts'
import { architecture, downloadEtcd, downloadKubernetes, OFFICIAL, type ReleaseSites } from './releases.ts'

type Download = (
  sites: ReleaseSites,
  pins: Pins,
  names: readonly string[],
  folder: string,
  progress: (line: string) => void,
) => Promise<void>

interface BinarySet extends Buildable {
  /** The folder in `lab/modules` that pins it. */
  readonly module: string
  /** Absent where no release is published. */
  readonly download?: Download
}

/** What the lab runs, in the groups that are fetched or built together. */
const SETS = {
  etcd: {
    module: 'etcd',
    binaries: ['etcd'],
    builtAs: { etcd: 'server' },
    download: (sites, pins, names, folder, progress) =>
      downloadEtcd(sites.etcd, versionOf(pins, 'go.etcd.io/etcd/server/v3'), names, folder, progress),
  },
  'control-plane': {
    module: 'kubernetes',
    binaries: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'],
    download: (sites, pins, names, folder, progress) =>
      downloadKubernetes(sites.kubernetes, versionOf(pins, 'k8s.io/kubernetes'), names, folder, progress),
  },
  node: {
    module: 'kubernetes',
    binaries: ['kubelet', 'kubeadm', 'kube-proxy'],
    download: (sites, pins, names, folder, progress) =>
      downloadKubernetes(sites.kubernetes, versionOf(pins, 'k8s.io/kubernetes'), names, folder, progress),
  },
  hollow: { module: 'kubernetes', binaries: ['kubemark'] },
  'etcd-tools': {
    module: 'etcd',
    binaries: ['etcdctl', 'etcdutl'],
    download: (sites, pins, names, folder, progress) =>
      downloadEtcd(sites.etcd, versionOf(pins, 'go.etcd.io/etcd/server/v3'), names, folder, progress),
  },
  kind: { module: 'kind', binaries: ['kind'] },
  containerd: {
    module: 'containerd',
    binaries: ['containerd', 'containerd-shim-runc-v2', 'ctr'],
    tags: ['no_btrfs', 'no_zfs', 'no_devmapper'],
  },
  crictl: { module: 'crictl', binaries: ['crictl'] },
  cni: { module: 'cni', binaries: ['bridge', 'host-local', 'loopback', 'portmap', 'ptp'] },
  coredns: { module: 'coredns', binaries: ['coredns'] },
  registry: { module: 'registry', binaries: ['registry'] },
  'argo-cd': { module: 'argo-cd', binaries: ['argocd'], builtAs: { argocd: 'cmd' } },
  flux: { module: 'flux', binaries: ['kustomize-controller'] },
  room: { module: 'room', binaries: ['pause', 'pod-network'] },
} satisfies Record<string, BinarySet>

export type SetName = keyof typeof SETS

export const SET_NAMES = Object.keys(SETS) as readonly SetName[]

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
    const set: BinarySet = SETS[name]
    const missing = set.binaries.filter((binary) => {
      const asset = sources.assets && join(sources.assets, binary)
      if (asset && isExecutable(asset)) found.set(binary, asset)
      return !found.has(binary)
    })
    if (missing.length === 0) continue
    const folder = await cached(name, set, sources)
    for (const binary of missing) found.set(binary, join(folder, binary))
  }
  return found
}

/** The cache folder of a set: another go.mod, go.sum, flag or architecture makes another folder. */
export function cacheKey(name: SetName, pins: Pins, arch = architecture()): string {
  const made = JSON.stringify([
    pins.digest,
    buildFlags(pins, tagsOf(SETS[name])),
    SETS[name].binaries,
    'linux',
    arch,
  ])
  return `${name}-${createHash('sha256').update(made).digest('hex').slice(0, 16)}`
}

const tagsOf = (set: BinarySet): readonly string[] => set.tags ?? []

async function cached(name: SetName, set: BinarySet, sources: Sources): Promise<string> {
  const pins = readPins(join(MODULES, set.module))
  const folder = join(sources.cache ?? cacheFolder(), cacheKey(name, pins))
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
  if (set.download) {
    try {
      return await set.download(sites, pins, set.binaries, folder, progress)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      progress(`no release of ${name}: ${reason}; going on with Go modules`)
      for (const part of await readdir(folder)) await rm(join(folder, part))
    }
  }
  await build(name, set, pins, folder, progress)
}

/** Half-made folders of builds that died: the lock is ours, so nobody works in them. */
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
