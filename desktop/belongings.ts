import type { Identity } from '../config/identity.ts'
import { supplementaryGids } from '../config/identity.ts'
import { ENTRY_UUID, GROUP, PASSWD } from '../config/labels.ts'
import { homeClaim, SHARED_CLAIM } from '../config/names.ts'
import { accountFault, groupText, passwdText } from './accounts.ts'

/** A volume of a person's pod, spelled with the defaults that the API server would add, so that it compares equal. */
export type BelongingVolume =
  | { readonly name: string; readonly persistentVolumeClaim: { readonly claimName: string } }
  | { readonly name: string; readonly downwardAPI: typeof ACCOUNT_FILES }

export interface BelongingMount {
  readonly name: string
  readonly mountPath: string
  readonly mountPropagation?: 'HostToContainer'
  readonly subPath?: string
  readonly readOnly?: true
}

/** What a person's pod must carry. Plain Kubernetes JSON, ready to be put into a pod. */
export interface Belongings {
  readonly slug: string
  readonly podSecurityContext: {
    readonly runAsUser: number
    readonly runAsGroup: number
    readonly runAsNonRoot: true
    /** May be empty; then the pod needs no such field, for Kubernetes drops an empty list. */
    readonly supplementalGroups: readonly number[]
    readonly supplementalGroupsPolicy: 'Strict'
    readonly seccompProfile: { readonly type: 'RuntimeDefault' }
  }
  /** For every container, where it says nothing itself. */
  readonly containerSecurityContext: {
    readonly allowPrivilegeEscalation: false
    readonly capabilities: { readonly drop: readonly ['ALL'] }
  }
  readonly volumes: readonly BelongingVolume[]
  /** For every container. */
  readonly mounts: readonly BelongingMount[]
  /** For every container: HOME, USER, LOGNAME, SHELL. */
  readonly env: readonly { readonly name: string; readonly value: string }[]
  /** The texts that the pod sees as `/etc/passwd` and `/etc/group`, and which person of that slug it is. */
  readonly annotations: Readonly<Record<typeof PASSWD | typeof GROUP | typeof ENTRY_UUID, string>>
}

/** An identity that cannot be given a pod, and what to do about it. */
export interface Unfit {
  readonly reason: string
  readonly mend: string
}

export const HOME_POD_VOLUME = 'home'
export const SHARED_POD_VOLUME = 'shared'
export const IDENTITY_POD_VOLUME = 'identity'

const ACCOUNT_FILES = {
  defaultMode: 0o644,
  items: [
    { path: 'passwd', fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${PASSWD}']` } },
    { path: 'group', fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${GROUP}']` } },
  ],
} as const

const MOUNTS: readonly BelongingMount[] = [
  { name: HOME_POD_VOLUME, mountPath: '/home', mountPropagation: 'HostToContainer' },
  { name: SHARED_POD_VOLUME, mountPath: '/mnt', mountPropagation: 'HostToContainer' },
  { name: IDENTITY_POD_VOLUME, mountPath: '/etc/passwd', subPath: 'passwd', readOnly: true },
  { name: IDENTITY_POD_VOLUME, mountPath: '/etc/group', subPath: 'group', readOnly: true },
]

/**
 * What this person's pod must carry. An identity whose names or numbers cannot be written down safely is
 * refused whole: no line of an account file is ever made from a text that could forge another.
 */
export function belongingsOf(identity: Identity): { belongings: Belongings } | { unfit: Unfit } {
  const { metadata, spec } = identity
  const fault = accountFault(spec)
  if (fault) {
    return {
      unfit: {
        reason: fault,
        mend: `correct the entry of ${metadata.name} in the directory; its pods start then`,
      },
    }
  }
  return {
    belongings: {
      slug: metadata.name,
      podSecurityContext: {
        runAsUser: spec.uid,
        runAsGroup: spec.gid,
        runAsNonRoot: true,
        supplementalGroups: supplementaryGids(spec),
        supplementalGroupsPolicy: 'Strict',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containerSecurityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      volumes: [
        { name: HOME_POD_VOLUME, persistentVolumeClaim: { claimName: homeClaim(metadata.name) } },
        { name: SHARED_POD_VOLUME, persistentVolumeClaim: { claimName: SHARED_CLAIM } },
        { name: IDENTITY_POD_VOLUME, downwardAPI: ACCOUNT_FILES },
      ],
      mounts: MOUNTS,
      env: [
        { name: 'HOME', value: `/home/${spec.login}` },
        { name: 'USER', value: spec.login },
        { name: 'LOGNAME', value: spec.login },
        { name: 'SHELL', value: spec.shell },
      ],
      annotations: {
        [PASSWD]: passwdText(spec),
        [GROUP]: groupText(spec),
        [ENTRY_UUID]: spec.entryUUID,
      },
    },
  }
}
