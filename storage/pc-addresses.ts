import { isIP } from 'node:net'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { keptClient } from '../cluster/client.ts'
import { type Watched, watch } from '../cluster/watch.ts'
import { PC_PATTERN } from '../config/names.ts'

/** A PC and where it is reached. Gluster knows PCs by name alone, so that another address is no other PC. */
export interface PcAddress {
  readonly name: string
  readonly address: string
}

/** Lines of a hosts file. What is no name or no address is left out: it could become another line. */
export const hostLines = (pcs: readonly PcAddress[]): string[] =>
  pcs
    .filter(({ name, address }) => PC_PATTERN.test(name) && name !== 'localhost' && isIP(address) !== 0)
    .map(({ name, address }) => `${address} ${name}`)
    .sort()

/** Where each PC is, kept current. Needs `list` and `watch` on Nodes. */
export function watchPcAddresses(config: KubeConfig, log: Logger): Watched<PcAddress> {
  const core = keptClient(config, CoreV1Api)
  return watch(
    config,
    {
      path: '/api/v1/nodes',
      list: (page) => core.listNode(page),
      keep: ({ metadata, status }): PcAddress | undefined => {
        const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
        return metadata?.name && address ? { name: metadata.name, address } : undefined
      },
    },
    log,
  )
}
