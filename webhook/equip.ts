import type { Belongings } from '../desktop/belongings.ts'
import { type Addition, addMembers, insert } from './patch.ts'
import { EQUIPPED, type Placed, type Pod, placed } from './pod.ts'

/**
 * What a pod without conflicts lacks of its person's belongings, as additions to the raw JSON. Nothing when
 * it lacks nothing: a second call over the result is always empty.
 */
export function equip(pod: Pod, own: Belongings): Addition[] {
  const { supplementalGroups, ...context } = own.podSecurityContext
  // Kubernetes drops an empty list, so adding one would add it again at every call.
  const groups = supplementalGroups.length > 0 ? { supplementalGroups } : {}
  const has = new Set(pod.spec.volumes?.map(({ name }) => name))
  return [
    ...addMembers('/metadata/annotations', pod.metadata.annotations, own.annotations),
    ...addMembers('/spec/securityContext', pod.spec.securityContext, { ...context, ...groups }),
    ...insert(
      '/spec/volumes',
      pod.spec.volumes,
      own.volumes.filter(({ name }) => !has.has(name)),
      'behind',
    ),
    ...placed(pod, EQUIPPED).flatMap((one) => equipContainer(one, own)),
  ]
}

function equipContainer({ container, pointer }: Placed, own: Belongings): Addition[] {
  const mounted = new Set(container.volumeMounts?.map(({ mountPath }) => mountPath))
  const set = new Set(container.env?.map(({ name }) => name))
  return [
    ...restrict(container.securityContext, `${pointer}/securityContext`, own),
    ...insert(
      `${pointer}/volumeMounts`,
      container.volumeMounts,
      own.mounts.filter(({ mountPath }) => !mounted.has(mountPath)),
      'behind',
    ),
    // Before the pod's own: only what stands above may say $(HOME).
    ...insert(
      `${pointer}/env`,
      container.env,
      own.env.filter(({ name }) => !set.has(name)),
      'before',
    ),
  ]
}

function restrict(
  context: Placed['container']['securityContext'],
  at: string,
  { containerSecurityContext }: Belongings,
): Addition[] {
  const { drop } = containerSecurityContext.capabilities
  const capabilities = context?.capabilities
  const members = addMembers(at, context, containerSecurityContext)
  if (!capabilities) return members
  const missing = drop.filter((name) => !capabilities.drop?.includes(name))
  return [...members, ...insert(`${at}/capabilities/drop`, capabilities.drop, missing, 'behind')]
}
