import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { layerOf, writeImage } from '../archive.ts'
import { locate, type SetName } from '../binaries.ts'
import { debianTar } from '../debian.ts'
import { go, readPins, versionOf } from '../go.ts'
import { cacheFolder, MODULES } from '../places.ts'
import { PAUSE, type Versions, writeComponentImages } from './component-images.ts'
import { manifestOf } from './pod-network.ts'
import { volumesManifest } from './volumes.ts'

const run = promisify(execFile)

/** What the binaries of a node come from. */
const SETS: readonly SetName[] = [
  ...(['etcd', 'etcd-tools', 'control-plane', 'node', 'kind'] as const),
  ...(['containerd', 'crictl', 'cni', 'coredns', 'room'] as const),
]

const DEBIAN = {
  name: 'node',
  suite: 'bookworm',
  packages: [
    ...['systemd', 'systemd-sysv', 'dbus', 'conntrack', 'iptables', 'nftables', 'iproute2', 'ethtool'],
    ...['util-linux', 'mount', 'kmod', 'libseccomp2', 'pigz', 'e2fsprogs', 'ca-certificates', 'curl'],
    ...['jq', 'procps', 'socat', 'runc', 'nfs-common'],
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
  const binaries = await locate(SETS, { assets: process.env.KUBEBUILDER_ASSETS, progress })
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
  const debian = await debianTar(DEBIAN, progress)
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

/** Files of this folder that say how the image is made: another text is another image. */
const OWN_SOURCES = ['node-image.ts', 'component-images.ts', 'preload.sh', 'pod-network.ts', 'volumes.ts']
const source = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')

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
    await run('tar', ['-xf', debian, '-C', root, '--exclude=./dev/*', '--numeric-owner'])
    await layKindFiles(root)
    trimUnits(root)
    await layPrograms(root, binary, versions)
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

/** The files that kind's own node image has, out of kind's module. */
async function layKindFiles(root: string): Promise<void> {
  const pins = readPins(join(MODULES, 'kind'))
  const module = (await go(pins, ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kind'])).trim()
  const files = join(module, 'images/base/files')
  for (const path of globSync('**/*', { cwd: files, withFileTypes: true })) {
    if (!path.isFile() || path.name === 'README.txt' || path.name.includes('fuse-overlayfs')) continue
    const from = join(path.parentPath, path.name)
    const to = join(root, from.slice(files.length))
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(from, to)
    chmodSync(to, /\/bin\//.test(to) ? 0o755 : 0o644)
  }
}

/** What kind's image switches off: units that touch the machine below, and journald reading its kernel log. */
function trimUnits(root: string): void {
  const units = [
    'lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service',
    'lib/systemd/system/multi-user.target.wants/*',
    'etc/systemd/system/*.wants/*',
    'lib/systemd/system/local-fs.target.wants/*',
    'lib/systemd/system/sockets.target.wants/*udev*',
    'lib/systemd/system/sockets.target.wants/*initctl*',
    'lib/systemd/system/basic.target.wants/*',
    // Debian's own sysctls would be written to the machine below at every start of a node.
    'usr/lib/sysctl.d/*.conf',
    'etc/sysctl.d/99-sysctl.conf',
  ]
  for (const path of units.flatMap((pattern) => globSync(pattern, { cwd: root }))) rmSync(join(root, path))
  appendFileSync(join(root, 'etc/systemd/journald.conf'), 'ReadKMsg=no\n')
  const wants = join(root, 'etc/systemd/system/multi-user.target.wants')
  mkdirSync(wants, { recursive: true })
  for (const unit of ['kubelet', 'containerd', 'undo-mount-hacks']) {
    symlinkSync(`/etc/systemd/system/${unit}.service`, join(wants, `${unit}.service`))
  }
  symlinkSync('/dev/null', join(root, 'etc/systemd/system/systemd-binfmt.service'))
}

async function layPrograms(
  root: string,
  binary: (name: string) => string,
  versions: Versions,
): Promise<void> {
  const install = (folder: string, names: readonly string[]): void => {
    mkdirSync(join(root, folder), { recursive: true })
    for (const name of names) {
      cpSync(binary(name), join(root, folder, name))
      chmodSync(join(root, folder, name), 0o755)
    }
  }
  install('usr/bin', ['kubeadm', 'kubelet', 'kubectl'])
  install('usr/local/bin', ['containerd', 'containerd-shim-runc-v2', 'ctr', 'crictl'])
  install('opt/cni/bin', ['bridge', 'host-local', 'loopback', 'portmap', 'ptp'])
  for (const folder of [
    'etc/cni/net.d',
    'etc/kubernetes/manifests',
    'etc/containerd/certs.d',
    'kind/manifests',
  ]) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  writeFileSync(join(root, 'kind/version'), versions.kubernetes)
  writeFileSync(join(root, 'kind/manifests/default-cni.yaml'), manifestOf())
  writeFileSync(join(root, 'kind/manifests/default-storage.yaml'), volumesManifest())
  writeFileSync(join(root, 'etc/resolv.conf'), '')
  configureContainerd(join(root, 'etc/containerd/config.toml'))
  await writeContainerSpec(root)
}

/** The node may lack CAP_SYS_RESOURCE; registries of the room are told by a folder that the lab fills. */
function configureContainerd(file: string): void {
  const given = readFileSync(file, 'utf8')
  const restricted = given.replace('restrict_oom_score_adj = false', 'restrict_oom_score_adj = true')
  if (restricted === given || !given.includes(PAUSE)) {
    throw new Error("kind's containerd configuration is not the known one: see what changed in config.toml")
  }
  const registries =
    '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'
  writeFileSync(file, `${restricted}\n${registries}`)
}

/** The specification that containers of pods start from, as kind makes it: without limits, with kind's mount hook. */
async function writeContainerSpec(root: string): Promise<void> {
  const { stdout } = await run('chroot', [root, 'ctr', 'oci', 'spec'])
  const spec = JSON.parse(stdout)
  delete spec.process.rlimits
  spec.hooks = { createContainer: [{ path: '/kind/bin/mount-product-files.sh' }] }
  writeFileSync(join(root, 'etc/containerd/cri-base.json'), JSON.stringify(spec))
}
