import { execFile } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { go, readPins } from '../binaries/go.ts'
import { MODULES } from '../run/places.ts'
import { BOOT_ID_UNIT, bootIdUnit } from './boot-id.ts'
import { BRICK_UNIT, brickUnit } from './brick.ts'
import { PAUSE, type Versions } from './component-images.ts'
import { layHostFiles } from './host-files.ts'
import { manifestOf } from './pod-network.ts'
import { volumesManifest } from './volumes.ts'

const run = promisify(execFile)

/** Lays over an unpacked Debian at `root` what makes it a node: kind's own files, units, programs, configuration. */
export async function layNodeFiles(
  root: string,
  binary: (name: string) => string,
  versions: Versions,
): Promise<void> {
  await layKindFiles(root)
  trimUnits(root, ['kubelet', 'containerd', 'undo-mount-hacks'])
  layBrick(root)
  layUnit(root, BOOT_ID_UNIT, bootIdUnit())
  layHostFiles(root)
  await layPrograms(root, binary, versions)
}

/** The files that kind's own node image has, out of kind's module. */
export async function layKindFiles(
  root: string,
  wanted: (path: string) => boolean = () => true,
): Promise<void> {
  const pins = readPins(join(MODULES, 'kind'))
  const module = (await go(pins, ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kind'])).trim()
  const files = join(module, 'images/base/files')
  for (const path of globSync('**/*', { cwd: files, withFileTypes: true })) {
    if (!path.isFile() || path.name === 'README.txt' || path.name.includes('fuse-overlayfs')) continue
    const from = join(path.parentPath, path.name)
    if (!wanted(from.slice(files.length))) continue
    const to = join(root, from.slice(files.length))
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(from, to)
    chmodSync(to, /\/bin\//.test(to) ? 0o755 : 0o644)
  }
}

/** What gives each PC its brick when it boots. */
export function layBrick(root: string): void {
  const program = join(root, 'usr/local/bin/room-brick')
  copyFileSync(join(import.meta.dirname, 'brick.sh'), program)
  chmodSync(program, 0o755)
  layUnit(root, BRICK_UNIT, brickUnit())
}

/** A unit that is started at each boot. */
export function layUnit(root: string, name: string, text: string): void {
  const units = 'etc/systemd/system'
  writeFileSync(join(root, units, name), text)
  symlinkSync(`/${units}/${name}`, join(root, units, 'multi-user.target.wants', name))
}

/** What kind's image switches off: units that touch the machine below, and journald reading its kernel log. Those of `on` stay. */
export function trimUnits(root: string, on: readonly string[]): void {
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
  for (const unit of on) {
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
  install('usr/local/bin', ['containerd', 'containerd-shim-runc-v2', 'ctr'])
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
