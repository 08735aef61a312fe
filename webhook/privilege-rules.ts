import type { Belongings } from '../desktop/belongings.ts'
import { type Conflict, differs, type Judged, shown, when } from './conflict.ts'
import type { Placed } from './pod.ts'

const HOST_FLAGS = ['hostNetwork', 'hostPID', 'hostIPC'] as const

/** The one capability that Pod Security's level "restricted" lets a container add. */
const LAWFUL_CAPABILITY = 'NET_BIND_SERVICE'

/** Whom the pod runs as, and what of the host it asks for. */
export function podPrivileges({ pod, own }: Judged): Conflict[] {
  const at = 'spec.securityContext'
  const context = pod.spec.securityContext ?? {}
  const wanted = own.podSecurityContext
  const policy = context.supplementalGroupsPolicy
  return [
    ...differs(at, 'runAsUser', context.runAsUser, wanted.runAsUser),
    ...differs(at, 'runAsGroup', context.runAsGroup, wanted.runAsGroup),
    ...differs(at, 'runAsNonRoot', context.runAsNonRoot, true),
    ...otherGroups(at, context.supplementalGroups, wanted.supplementalGroups),
    ...differs(at, 'supplementalGroupsPolicy', policy, wanted.supplementalGroupsPolicy),
    ...when(typeof context.fsGroup === 'number', () => ({
      path: `${at}.fsGroup`,
      fault: `is ${context.fsGroup}, which would change the group of every file in the home`,
      mend: 'remove it',
    })),
    ...unconfined(at, context.seccompProfile?.type),
    ...HOST_FLAGS.flatMap((flag) =>
      when(pod.spec[flag] === true, () => ({ path: `spec.${flag}`, fault: 'is true', mend: 'remove it' })),
    ),
    ...when(Boolean(pod.spec.nodeName), () => ({
      path: 'spec.nodeName',
      fault: `is ${shown(pod.spec.nodeName)}, which bypasses the scheduler`,
      mend: 'remove it; to prefer a PC, use spec.nodeSelector or spec.affinity',
    })),
  ]
}

/** Whom each container runs as, and what privileges it asks for. */
export function containerPrivileges({ containers, own }: Judged): Conflict[] {
  return containers.flatMap((one) => privilegesOf(one, own))
}

function privilegesOf({ container, path }: Placed, own: Belongings): Conflict[] {
  const context = container.securityContext
  if (!context) return []
  const at = `${path}.securityContext`
  const added = (context.capabilities?.add ?? []).filter((name) => name !== LAWFUL_CAPABILITY)
  return [
    ...differs(at, 'runAsUser', context.runAsUser, own.podSecurityContext.runAsUser),
    ...differs(at, 'runAsGroup', context.runAsGroup, own.podSecurityContext.runAsGroup),
    ...differs(at, 'runAsNonRoot', context.runAsNonRoot, true),
    ...when(context.privileged === true, () => ({
      path: `${at}.privileged`,
      fault: 'is true',
      mend: 'remove it',
    })),
    ...differs(at, 'allowPrivilegeEscalation', context.allowPrivilegeEscalation, false),
    ...when(added.length > 0, () => ({
      path: `${at}.capabilities.add`,
      fault: `asks for ${shown(added)}`,
      mend: `remove them; only ${LAWFUL_CAPABILITY} may be added`,
    })),
    ...unconfined(at, context.seccompProfile?.type),
  ]
}

function unconfined(at: string, type: string | null | undefined): Conflict[] {
  return when(type === 'Unconfined', () => ({
    path: `${at}.seccompProfile.type`,
    fault: 'is "Unconfined"',
    mend: 'leave seccompProfile out; it is set for you',
  }))
}

/** In our order, by gid: the API server's own proof compares them so, to stay cheap for people in many groups. */
function otherGroups(
  at: string,
  found: readonly number[] | null | undefined,
  wanted: readonly number[],
): Conflict[] {
  if (!found) return []
  if (found.length === wanted.length && wanted.every((gid, index) => gid === found[index])) return []
  return differs(at, 'supplementalGroups', found, wanted)
}
