import { randomBytes } from 'node:crypto'
import type { CoreV1Api, V1Secret } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { z } from 'zod'
import { unless } from '../../cluster/answer.ts'
import { bootstrapToken, publicKeyHash, SYSTEM, tokenSecretName } from '../../cluster/bootstrap-token.ts'
import { OPERATION } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import { joinPlan, mintPlan } from '../jobs/plan.ts'
import { LAID_OUT, planNames, tokenId } from '../observe/secrets.ts'

/** What a PC joins by: written before it is first asked for, and gone when the operation ends. */

export interface Joining {
  readonly operation: string
  /** The heir's Node, and its address. */
  readonly node: string
  readonly address: string
  /** PEM: the cluster's own authority. */
  readonly authority: string
  /** Files that API servers are given beside kubeadm's own, as sha256sum writes them. */
  readonly apiFiles: readonly string[]
  /** Such files themselves, by their names in the folder that they all are in. */
  readonly brought: ReadonlyMap<string, Buffer>
  readonly now: Date
}

/** Longer than an operation takes from here on, and no longer. */
const VALID = 45 * 60_000

const Configuration = z.object({ controlPlaneEndpoint: z.string().min(1) })

/**
 * Where the heir's plan is not there yet: it is written last, so where it is, everything is. What an earlier try left is of other
 * keys, and goes first.
 */
export async function writeJoinSecrets(core: CoreV1Api, joining: Joining): Promise<void> {
  const { operation, node, address, apiFiles, brought, now } = joining
  await removeJoinSecrets(core, [operation])
  const { data } = await core.readNamespacedConfigMap({ name: 'kubeadm-config', namespace: SYSTEM })
  const clusterConfiguration = data?.ClusterConfiguration ?? ''
  const { controlPlaneEndpoint } = Configuration.parse(parse(clusterConfiguration))
  const certificateKey = randomBytes(32).toString('hex')
  const crowning = { operation, certificateKey, clusterConfiguration }
  const token = { id: tokenId(operation), secret: randomBytes(8).toString('hex') }
  const secrets: readonly V1Secret[] = [
    bootstrapToken(token, new Date(now.getTime() + VALID), { labels: { [OPERATION]: operation } }),
    mintPlan(crowning),
    joinPlan(crowning, {
      node,
      address,
      endpoint: controlPlaneEndpoint,
      token,
      authority: publicKeyHash(joining.authority),
      apiFiles,
      brought,
    }),
  ]
  for (const body of secrets)
    await core.createNamespacedSecret({ namespace: body.metadata?.namespace ?? '', body })
}

/** The heir's plan goes last: as long as it is there, something is left to remove. */
export async function removeJoinSecrets(core: CoreV1Api, operations: readonly string[]): Promise<void> {
  const remove = (namespace: string, name: string) =>
    unless(404, () => core.deleteNamespacedSecret({ namespace, name }))
  await remove(SYSTEM, LAID_OUT)
  for (const operation of operations) {
    const { mint, join } = planNames(operation)
    await remove(SYSTEM, tokenSecretName(tokenId(operation)))
    await remove(NAMESPACES.crown, mint)
    await remove(NAMESPACES.crown, join)
  }
}
