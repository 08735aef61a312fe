import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CROWN } from '../../config/names.ts'

/** What a copy of etcd is useless without: the keys of the cluster, and what kubeadm needs to make a master of a PC. */

/** A file of a copy: its name below `/etc/kubernetes`, and what is in it. */
export interface Belonging {
  readonly name: string
  readonly content: Buffer
}

/** The name of what kubeadm keeps in the cluster, as a file: a ClusterConfiguration. */
export const KUBEADM = 'kubeadm-config.yaml'

/** All that signs. What is signed by it kubeadm makes anew. */
const NEEDED = [
  'pki/ca.crt',
  'pki/ca.key',
  'pki/sa.key',
  'pki/sa.pub',
  'pki/front-proxy-ca.crt',
  'pki/front-proxy-ca.key',
  'pki/etcd/ca.crt',
  'pki/etcd/ca.key',
] as const

/**
 * Files that API servers are given beside kubeadm's own, below `/etc/kubernetes`. Among them is the key by which Secrets are
 * encrypted in etcd, where they are: then nothing reads them without it.
 */
export const API_FILES = `${basename(CROWN.apiFiles)}/`

export type Collected = { readonly belongings: readonly Belonging[] } | { readonly refusal: string }

/**
 * @param root `/etc/kubernetes`
 * @param clusterConfiguration the item of that name of the ConfigMap `kube-system/kubeadm-config`
 */
export async function collect(root: string, clusterConfiguration: string): Promise<Collected> {
  const unlessMissing = (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== 'ENOENT') throw error
  }
  const folder = (await readdir(join(root, API_FILES), { withFileTypes: true }).catch(unlessMissing)) ?? []
  const given = folder.filter((one) => one.isFile()).map(({ name }) => `${API_FILES}${name}`)
  const found = await Promise.all(
    [...NEEDED, ...given.sort()].map(async (name) => ({
      name,
      content: await readFile(join(root, name)).catch(unlessMissing),
    })),
  )
  const missing = found.filter(({ content }) => content === undefined)
  if (missing.length > 0)
    return {
      refusal: `${root} lacks ${missing.map(({ name }) => name).join(', ')}: a copy would be of no use`,
    }
  if (clusterConfiguration.trim() === '') return { refusal: 'kubeadm keeps no configuration in this cluster' }
  const belongings = found.flatMap(({ name, content }) => (content ? [{ name, content }] : []))
  return { belongings: [...belongings, { name: KUBEADM, content: Buffer.from(clusterConfiguration) }] }
}
