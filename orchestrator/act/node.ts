import { type CoreV1Api, PatchStrategy, setHeaderOptions, type V1Node } from '@kubernetes/client-node'
import { reasonOf, unless } from '../../cluster/answer.ts'
import { CORDONED_BY, MASTER, MOVES_AT, MOVES_FOR, NO_BALANCER } from '../../config/labels.ts'

/** What is done to a PC by its Node alone. Each is so already when it is done again. */

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
const patch = (core: CoreV1Api, name: string, body: object): Promise<V1Node> =>
  core.patchNode({ name, body }, merge)

export const cordon = (core: CoreV1Api, name: string, operation: string): Promise<V1Node> =>
  patch(core, name, {
    metadata: { annotations: { [CORDONED_BY]: operation } },
    spec: { unschedulable: true },
  })

/** Open again, and nobody on it is told any more that their desktop moves. */
export const uncordon = (core: CoreV1Api, name: string): Promise<V1Node> =>
  patch(core, name, {
    metadata: { annotations: { [CORDONED_BY]: null, [MOVES_FOR]: null, [MOVES_AT]: null } },
    spec: { unschedulable: null },
  })

export const warn = (core: CoreV1Api, name: string, operation: string, at: Date): Promise<V1Node> =>
  patch(core, name, {
    metadata: { annotations: { [MOVES_FOR]: operation, [MOVES_AT]: at.toISOString() } },
  })

/** Takes the label of masters and their taint off. Whoever else changes its taints meanwhile is not overwritten. */
export async function unmark(core: CoreV1Api, name: string): Promise<void> {
  const node = await unless(404, () => core.readNode({ name }))
  if (node === undefined) return
  const taints = node.spec?.taints?.filter(({ key }) => key !== MASTER) ?? []
  await patch(core, name, {
    metadata: {
      resourceVersion: node.metadata?.resourceVersion,
      labels: { [MASTER]: null, [NO_BALANCER]: null },
    },
    spec: { taints: taints.length === 0 ? null : taints },
  })
}

/** Only the Node of that uid: another one under the same name is another PC, or the same one that has joined again. */
export async function deleteNode(core: CoreV1Api, name: string, uid: string): Promise<void> {
  await unless(404, () => core.deleteNode({ name, body: { preconditions: { uid } } }))
}

/**
 * Asks pods to go, by the API that keeps budgets.
 *
 * @param pods `namespace/name`
 * @returns those that do not go, with what the API server says: a budget keeps them, mostly
 */
export async function evict(core: CoreV1Api, pods: readonly string[]): Promise<readonly string[]> {
  const kept = await Promise.all(
    pods.map(async (pod) => {
      const [namespace = '', name = ''] = pod.split('/')
      try {
        await unless(404, () =>
          core.createNamespacedPodEviction({ namespace, name, body: { metadata: { namespace, name } } }),
        )
        return undefined
      } catch (error) {
        return `${pod}: ${reasonOf(error)}`
      }
    }),
  )
  return kept.filter((one) => one !== undefined)
}
