import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { layerOf, writeImage } from '../images/archive.ts'

const run = promisify(execFile)

/** Versions that the images' tags tell kubeadm and kubelet. */
export interface Versions {
  readonly kubernetes: string
  readonly etcd: string
  readonly coredns: string
}

/** The tag of the image that holds a pod's namespaces, as the node's containerd is told. */
export const PAUSE = 'registry.k8s.io/pause:3.10'
export const POD_NETWORK = 'localhost/pod-network:1'

/** kubeadm asks for etcd and coredns by these tags, since its configuration names them. */
export const etcdTag = (versions: Versions): string => `${versions.etcd.slice(1)}-0`

interface Component {
  readonly reference: string
  readonly entrypoint: string
  /** Names in the table of binaries. */
  readonly binaries: readonly string[]
}

const components = (versions: Versions): Component[] => [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => ({
    reference: `registry.k8s.io/${name}:${versions.kubernetes}`,
    entrypoint: `/usr/local/bin/${name}`,
    binaries: [name],
  })),
  {
    reference: `registry.k8s.io/etcd:${etcdTag(versions)}`,
    entrypoint: '/usr/local/bin/etcd',
    binaries: ['etcd', 'etcdctl', 'etcdutl'],
  },
  {
    reference: `registry.k8s.io/coredns/coredns:${versions.coredns}`,
    entrypoint: '/usr/local/bin/coredns',
    binaries: ['coredns'],
  },
  { reference: PAUSE, entrypoint: '/usr/local/bin/pause', binaries: ['pause'] },
  { reference: POD_NETWORK, entrypoint: '/usr/local/bin/pod-network', binaries: ['pod-network'] },
]

/**
 * Writes the images of the control plane and of what every PC runs into `folder`, one archive each, from the binaries
 * that the lab has. kube-proxy gets nft and iptables with their libraries out of `debian`, an unpacked node.
 */
export async function writeComponentImages(
  folder: string,
  binary: (name: string) => string,
  versions: Versions,
  debian: string,
): Promise<void> {
  for (const component of components(versions)) {
    await write(folder, component, binary, async () => {})
  }
  const proxy = {
    reference: `registry.k8s.io/kube-proxy:${versions.kubernetes}`,
    entrypoint: '/usr/local/bin/kube-proxy',
    binaries: ['kube-proxy'],
  }
  await write(folder, proxy, binary, (root) => copyNetfilter(debian, root))
}

async function write(
  folder: string,
  component: Component,
  binary: (name: string) => string,
  furnish: (root: string) => Promise<void>,
): Promise<void> {
  const name = component.entrypoint.split('/').at(-1) ?? ''
  const root = join(folder, `${name}.root`)
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
  mkdirSync(join(root, 'etc'))
  mkdirSync(join(root, 'tmp'))
  chmodSync(join(root, 'tmp'), 0o1777)
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/sbin/nologin\n')
  for (const one of component.binaries) cpSync(binary(one), join(root, 'usr/local/bin', one))
  await furnish(root)
  const layer = join(folder, `${name}.layer`)
  await layerOf(root, layer)
  await writeImage(
    { reference: component.reference, layer, entrypoint: [component.entrypoint] },
    join(folder, `${name}.tar`),
  )
  rmSync(root, { recursive: true })
  rmSync(layer)
}

const IPTABLES = ['iptables', 'iptables-save', 'iptables-restore']

async function copyNetfilter(debian: string, root: string): Promise<void> {
  const programs = ['/usr/sbin/nft', '/usr/sbin/xtables-nft-multi']
  const { stdout } = await run('chroot', [debian, 'ldd', ...programs])
  const libraries = new Set([...stdout.matchAll(/(\/[^\s:]+\.so[^\s:]*)/g)].map(([, path = '']) => path))
  // Debian's /lib is a link to /usr/lib, and so it is in the image.
  for (const [link, target] of [
    ['lib', 'usr/lib'],
    ['lib64', 'usr/lib64'],
  ] as const) {
    mkdirSync(join(root, target), { recursive: true })
    symlinkSync(target, join(root, link))
  }
  mkdirSync(join(root, 'etc'), { recursive: true })
  for (const path of [...programs, ...libraries]) {
    const to = join(root, path)
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(join(debian, path), to)
  }
  // Without it nft calls TCP "6": kube-proxy then does not know its own rules again, and removes all services.
  copyFileSync(join(debian, 'etc/protocols'), join(root, 'etc/protocols'))
  // iptables loads its matches and targets by name, from beside its libraries.
  const [extensions] = globSync('usr/lib/*/xtables', { cwd: debian })
  if (!extensions) throw new Error('the node has no iptables extensions')
  cpSync(join(debian, extensions), join(root, extensions), { recursive: true })
  for (const family of IPTABLES.flatMap((name) => [name, name.replace('ip', 'ip6')])) {
    symlinkSync('xtables-nft-multi', join(root, 'usr/sbin', family))
  }
}
