import type { V1Node } from '@kubernetes/client-node'
import type { Newest } from './newest.ts'
import type { Holder } from './spread.ts'

/**
 * The PCs that may have the copy that was just made. Those that had the one before are known by it, so that copies stay
 * together and a PC has many of them rather than many PCs one. Pure.
 *
 * @param made the new copy, and the PC that it was made on
 */
export function holdersOf(
  nodes: readonly V1Node[],
  made: { readonly copy: string; readonly pc: string },
  before: Pick<Newest, 'name' | 'places'> | undefined,
): Holder[] {
  return nodes.map(({ metadata, status }) => {
    const name = metadata?.name ?? ''
    const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    const copies = [
      ...(name === made.pc ? [made.copy] : []),
      ...(before?.places.includes(name) ? [before.name] : []),
    ]
    return {
      name,
      zone: metadata?.labels?.['topology.kubernetes.io/zone'],
      copies: isReady || name === made.pc ? copies : undefined,
    }
  })
}
