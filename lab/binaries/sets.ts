import { createHash } from 'node:crypto'
import { type Buildable, buildFlags } from './build.ts'
import type { Pins } from './go.ts'
import {
  architecture,
  type Download,
  downloadEtcd,
  downloadKubernetes,
  type ReleaseSites,
} from './releases.ts'

export interface BinarySet extends Buildable {
  /** The folder in `lab/modules` that pins it. */
  readonly module: string
  /** Where its release is published, and as which version; absent where none is. */
  readonly release?: { readonly site: keyof ReleaseSites; readonly of: string; readonly download: Download }
}

const ETCD = { site: 'etcd', of: 'go.etcd.io/etcd/server/v3', download: downloadEtcd } as const
const KUBERNETES = { site: 'kubernetes', of: 'k8s.io/kubernetes', download: downloadKubernetes } as const

/**
 * What the lab runs, in the groups that are fetched or built together. Go compiles in the order of the names where it
 * can, so what is waited for stands first.
 */
const SETS = {
  etcd: {
    module: 'etcd',
    binaries: ['etcd'],
    builtAs: { etcd: 'server' },
    release: ETCD,
  },
  'control-plane': {
    module: 'kubernetes',
    binaries: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'],
    release: KUBERNETES,
  },
  node: {
    module: 'kubernetes',
    binaries: ['kubelet', 'kubeadm', 'kube-proxy'],
    release: KUBERNETES,
  },
  hollow: { module: 'kubernetes', binaries: ['kubemark'] },
  'etcd-tools': {
    module: 'etcd',
    binaries: ['etcdctl', 'etcdutl'],
    release: ETCD,
  },
  kind: { module: 'kind', binaries: ['kind'] },
  containerd: {
    module: 'containerd',
    binaries: ['containerd', 'containerd-shim-runc-v2', 'ctr'],
    tags: ['no_btrfs', 'no_zfs', 'no_devmapper'],
  },
  cni: { module: 'cni', binaries: ['bridge', 'host-local', 'loopback', 'portmap', 'ptp'] },
  coredns: { module: 'coredns', binaries: ['coredns'] },
  registry: { module: 'registry', binaries: ['registry'] },
  'argo-cd': { module: 'argo-cd', binaries: ['argocd'] },
  flux: { module: 'flux', binaries: ['kustomize-controller'] },
  'cert-manager': { module: 'cert-manager', binaries: ['cert-manager'] },
  room: { module: 'room', binaries: ['pause', 'pod-network'] },
} satisfies Record<string, BinarySet>

export type SetName = keyof typeof SETS

export const SET_NAMES = Object.keys(SETS) as readonly SetName[]

/** A set by its name, without what only the table knows of it. */
export const setCalled = (name: SetName): BinarySet => SETS[name]

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

export const tagsOf = (set: BinarySet): readonly string[] => set.tags ?? []
