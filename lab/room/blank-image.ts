import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { readPins } from '../binaries/go.ts'
import { debianTar, unpack } from '../debian/root.ts'
import { layerOf, writeImage } from '../images/archive.ts'
import { cacheFolder, MODULES } from '../run/places.ts'
import { BOOT_ID_UNIT, bootIdUnit } from './boot-id.ts'
import { BRICK_UNIT } from './brick.ts'
import { BRICK_PROGRAMS } from './brick-programs.ts'
import { layBrick, layKindFiles, layUnit, trimUnits } from './node-files.ts'

const run = promisify(execFile)

/**
 * A PC of the room with nothing but Debian on it: what `installer/install.sh` begins with. Packages that the installer asks for
 * are not there, nor is anything of containers or Kubernetes.
 */

/** Debian's standard system, as far as anything here calls it; iptables since kind's entrypoint does. */
const DEBIAN = {
  name: 'blank',
  suite: 'bookworm',
  packages: [
    ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'iproute2', 'util-linux', 'mount', 'kmod', 'procps'],
    ...['e2fsprogs', 'fdisk', 'hostname', 'netbase', 'iptables', 'nftables', 'iputils-ping'],
  ],
}

/** Of kind's files, what makes a container boot by systemd, and what its settings of all kubelets want to find. */
const OF_KIND = [
  '/usr/local/bin/entrypoint',
  '/kind/bin/undo-mount-hacks.sh',
  '/kind/bin/create-kubelet-cgroup-v2.sh',
  '/etc/systemd/system/undo-mount-hacks.service',
  '/etc/systemd/system/kubelet.service.d/11-kind.conf',
]

/** Where a PC without Kubernetes differs from a real one: it has the kernel of this machine, and not all rights over it. */
const OF_A_PC_IN_A_PC: readonly { path: string; mode: number; text: string }[] = [
  {
    path: 'usr/local/sbin/modprobe',
    mode: 0o755,
    text: '#!/bin/sh\n# The kernel is that of the machine below, which has what it has.\n',
  },
  {
    // As kind has it: this machine's cgroups may be of the old kind, and its disk is not a PC's, so that how full it is says nothing.
    path: 'etc/deskfleet/kubeadm/kubeletconfigurationroom+merge.yaml',
    mode: 0o644,
    text: [
      ...['apiVersion: kubelet.config.k8s.io/v1beta1', 'kind: KubeletConfiguration', 'failCgroupV1: false'],
      ...['cgroupRoot: /kubelet', 'imageGCHighThresholdPercent: 100', 'evictionHard:'],
      ...['nodefs.available', 'nodefs.inodesFree', 'imagefs.available'].map((what) => `  ${what}: 0%`),
      '',
    ].join('\n'),
  },
  {
    // Without CAP_SYS_RESOURCE nothing may be kept from the kernel when memory is short.
    path: 'etc/containerd/conf.d/room.toml',
    mode: 0o644,
    text: "version = 3\n[plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n",
  },
  {
    path: `etc/systemd/system/${BRICK_UNIT}.d/programs.conf`,
    mode: 0o644,
    text: `[Service]\nEnvironment=PATH=/usr/sbin:/usr/bin:/sbin:/bin:${BRICK_PROGRAMS}\n`,
  },
]

/** /proc/swaps is the machine's, whose swap is not for a PC to switch off. */
const SWAP_UNIT = 'room-no-swap.service'
const swapUnit = (): string => `[Unit]
Description=A PC has no swap of the machine below

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -euc 'head -n 1 /proc/swaps >/run/no-swap && mount --bind /run/no-swap /proc/swaps'
`

export interface BlankImage {
  readonly reference: string
  /** Short hash of everything that goes into it. */
  readonly key: string
  /** Writes it as a docker-archive. Needs root; half a minute the first time. */
  write(file: string, progress: (line: string) => void): Promise<void>
}

/** Has Debian's part of it made, which takes longest. */
export const fetchBlank = async (progress: (line: string) => void): Promise<void> =>
  void (await debianTar(DEBIAN, progress))

export async function blankImage(progress: (line: string) => void): Promise<BlankImage> {
  const debian = await debianTar(DEBIAN, progress)
  const files = ['blank-image.ts', 'node-files.ts', 'boot-id.ts', 'brick.ts', 'brick.sh', 'brick-programs.ts']
  const sources = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  const key = createHash('sha256')
    .update(JSON.stringify([basename(debian), readPins(join(MODULES, 'kind')).digest, ...sources]))
    .digest('hex')
    .slice(0, 12)
  const reference = `localhost/room-blank:${key}`
  return { reference, key, write: (file, tell) => make(file, reference, debian, tell) }
}

async function make(
  file: string,
  reference: string,
  debian: string,
  progress: (line: string) => void,
): Promise<void> {
  const work = mkdtempSync(join(dirname(cacheFolder()), '.blank-'))
  try {
    const root = join(work, 'root')
    mkdirSync(root)
    progress('image of a blank PC: Debian, and nothing else')
    await unpack(debian, root)
    await layKindFiles(root, (path) => OF_KIND.includes(path))
    trimUnits(root, ['undo-mount-hacks'])
    layBrick(root)
    layUnit(root, BOOT_ID_UNIT, bootIdUnit())
    layUnit(root, SWAP_UNIT, swapUnit())
    for (const { path, mode, text } of OF_A_PC_IN_A_PC) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
      chmodSync(join(root, path), mode)
    }
    writeFileSync(join(root, 'etc/resolv.conf'), '')
    await layerOf(root, join(work, 'layer.tar'))
    const layer = join(work, 'layer.tar')
    const entrypoint = ['/usr/local/bin/entrypoint', '/sbin/init']
    await writeImage(
      { reference, layer, entrypoint, env: ['container=docker'], stopSignal: 'SIGRTMIN+3' },
      file,
    )
  } finally {
    // A mount below would mean that a namespace of ours still lives: then nothing behind it is removed.
    await run('rm', ['-rf', '--one-file-system', work])
  }
}
