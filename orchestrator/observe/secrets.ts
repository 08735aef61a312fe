import { createHash } from 'node:crypto'
import type { V1Secret } from '@kubernetes/client-node'
import { OPERATION } from '../../config/labels.ts'
import type { JoinSecrets } from '../facts.ts'

/** Where kubeadm lays the cluster's certificates for one who joins, in kube-system. */
export const LAID_OUT = 'kubeadm-certs'

/** The plans of an operation, in our own namespace: the one of the heir is written last and removed last. */
export const planNames = (operation: string) =>
  ({ mint: `crown-${operation}-mint`, join: `crown-${operation}-join` }) as const

/**
 * The id of the token by which the heir of an operation joins. It is no secret, and follows from the operation, so that the token
 * is found again without reading those of others.
 */
export const tokenId = (operation: string): string =>
  createHash('sha256').update(operation).digest('hex').slice(0, 6)

/**
 * What PCs could join by, of each operation that left something. Pure.
 *
 * @param plans the Secrets of our own namespace that bear the label of an operation
 * @param laidOut whether the certificates lie there. They do only for the operation whose plans are there: with those of another
 *   one they are removed.
 */
export function secretsFrom(plans: readonly V1Secret[], laidOut: boolean): readonly JoinSecrets[] {
  const byOperation = Map.groupBy(plans, ({ metadata }) => metadata?.labels?.[OPERATION] ?? '')
  byOperation.delete('')
  return [...byOperation].map(([operation, own]) => {
    const names = own.map(({ metadata }) => metadata?.name)
    const { mint, join } = planNames(operation)
    return { operation, whole: laidOut && names.includes(mint) && names.includes(join) }
  })
}
