import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readPins, versionOf } from '../binaries/go.ts'
import { locate, type SetName } from '../binaries/locate.ts'
import { debianTar, unpack } from '../debian/root.ts'
import { layerOf, writeImage } from '../images/archive.ts'
import { cacheFolder, MODULES } from '../run/places.ts'
import { type Versions, writeComponentImages } from './component-images.ts'
import { HOST_SOURCES } from './host-files.ts'
import { layNodeFiles } from './node-files.ts'

const run = promisify(execFile)

/** What the binaries of a node come from. */
export const NODE_SETS: readonly SetName[] = [
  ...(['etcd', 'etcd-tools', 'control-plane', 'node', 'kind'] as const),
  ...(['containerd', 'cni', 'coredns', 'room'] as const),
]

export const NODE_DEBIAN = {
  name: 'node',
  suite: 'bookworm',
  packages: [
    ...['systemd', 'systemd-sysv', 'dbus', 'conntrack', 'iptables', 'nftables', 'iproute2', 'ethtool'],
    ...['util-linux', 'mount', 'kmod', 'libseccomp2', 'pigz', 'e2fsprogs', 'ca-certificates', 'curl'],
    ...['jq', 'procps', 'socat', 'runc', 'nfs-common', 'xfsprogs'],
  ],
}

/** A node image that can be made, or was: its name tells what it is made of. */
export interface NodeImage {
  readonly reference: string
  /** Short hash of everything that goes into it. */
  readonly key: string
  readonly versions: Versions
  readonly binary: (name: string) => string
  /** Writes it as a docker-archive. Needs root; about a minute. */
  write(file: string, progress: (line: string) => void): Promise<void>
}

/** What a room's nodes are made of here; builds or fetches the binaries that are missing. */
export async function nodeImage(progress: (line: string) => void): Promise<NodeImage> {
  const binaries = await locate(NODE_SETS, { assets: process.env.KUBEBUILDER_ASSETS, progress })
  const binary = (name: string): string => {
    const path = binaries.get(name)
    if (!path) throw new Error(`the lab has no ${name}`)
    return path
  }
  const versions = {
    kubernetes: versionOf(readPins(join(MODULES, 'kubernetes')), 'k8s.io/kubernetes'),
    etcd: versionOf(readPins(join(MODULES, 'etcd')), 'go.etcd.io/etcd/server/v3'),
    coredns: versionOf(readPins(join(MODULES, 'coredns')), 'github.com/coredns/coredns'),
  }
  const debian = await debianTar(NODE_DEBIAN, progress)
  const key = createHash('sha256')
    .update(JSON.stringify([basename(debian), [...binaries].sort(), ...OWN_SOURCES.map(source)]))
    .digest('hex')
    .slice(0, 12)
  const reference = `localhost/room-node:${versions.kubernetes}-${key}`
  return {
    reference,
    key,
    versions,
    binary,
    write: (file, tell) => make(file, reference, debian, binary, versions, tell),
  }
}

/** Files of ours that say how the image is made, or are in it: another text is another image. */
const OWN_SOURCES = [
  ...['node-image.ts', 'node-files.ts', 'component-images.ts', 'preload.sh'],
  ...['pod-network.ts', 'volumes.ts', 'brick.ts', 'brick.sh', 'boot-id.ts', 'host-files.ts'],
  ...HOST_SOURCES,
]
const source = (path: string): string => readFileSync(resolve(import.meta.dirname, path), 'utf8')

async function make(
  file: string,
  reference: string,
  debian: string,
  binary: (name: string) => string,
  versions: Versions,
  progress: (line: string) => void,
): Promise<void> {
  const work = mkdtempSync(join(dirname(cacheFolder()), '.node-'))
  try {
    const root = join(work, 'root')
    const images = join(work, 'images')
    mkdirSync(root)
    mkdirSync(images)
    progress('node image: systemd, containerd, kubelet and kubeadm on Debian')
    await unpack(debian, root)
    await layNodeFiles(root, binary, versions)
    progress('node image: images of the control plane, from the same binaries')
    await writeComponentImages(images, binary, versions, root)
    progress('node image: loading them into its containerd')
    const spaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private']
    await run('unshare', [...spaces, 'sh', join(import.meta.dirname, 'preload.sh'), root, images], {
      maxBuffer: 1 << 24,
    })
    rmSync(images, { recursive: true })
    progress('node image: packing')
    await layerOf(root, join(work, 'layer.tar'))
    await writeImage(
      {
        reference,
        layer: join(work, 'layer.tar'),
        entrypoint: ['/usr/local/bin/entrypoint', '/sbin/init'],
        env: ['container=docker'],
        stopSignal: 'SIGRTMIN+3',
      },
      file,
    )
  } finally {
    // A mount below would mean that a namespace of ours still lives: then nothing is removed.
    await run('rm', ['-rf', '--one-file-system', work])
  }
}
