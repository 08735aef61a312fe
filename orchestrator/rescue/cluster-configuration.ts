import { parse } from 'yaml'
import { z } from 'zod'
import { DATA, PKI } from './paths.ts'

/** What a rescue has to know of kubeadm's ClusterConfiguration; all else kubeadm reads by itself. */
export interface ClusterConfiguration {
  /** By which name and port everybody calls the API. */
  readonly endpoint: string | undefined
  /** Why a cluster of this kind cannot be rescued here. */
  readonly refusal: string | undefined
}

const Known = z.object({
  kind: z.literal('ClusterConfiguration'),
  controlPlaneEndpoint: z.string().optional(),
  certificatesDir: z.string().default(PKI),
  etcd: z
    .object({
      local: z.object({ dataDir: z.string().default(DATA) }).optional(),
      external: z.unknown().optional(),
    })
    .default({}),
})

export function readClusterConfiguration(text: string): ClusterConfiguration {
  const read = Known.safeParse(parsed(text))
  if (!read.success)
    return { endpoint: undefined, refusal: 'the copy holds no ClusterConfiguration of kubeadm' }
  const { controlPlaneEndpoint: named = '', certificatesDir, etcd } = read.data
  const endpoint = named === '' ? undefined : /:\d+$/.test(named) ? named : `${named}:6443`
  const refusal =
    etcd.external !== undefined
      ? 'etcd was outside of the room: restore it there'
      : certificatesDir !== PKI || (etcd.local?.dataDir ?? DATA) !== DATA
        ? `the cluster had its keys in ${certificatesDir} and etcd in ${etcd.local?.dataDir ?? DATA}: only ${PKI} and ${DATA} are known here`
        : undefined
  return { endpoint, refusal }
}

function parsed(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}
