import type { KubernetesObject } from '@kubernetes/client-node'
import { z } from 'zod'
import type { Identity } from '../../config/identity.ts'
import {
  ADMINISTRATORS,
  FIRST_GROUP_GID,
  FIRST_UID,
  HOME_READY,
  LAST_UID,
  LOGIN_PATTERN,
  SLUG_PATTERN,
} from '../../config/names.ts'

/** Somebody whom the cluster knows, and what the cluster says of them. */
export interface KnownPerson {
  readonly identity: Identity
  /** Admission knows them, so that a pod of theirs would be taken. */
  readonly published: boolean
  /** False only when storage says so; rooms whose storage says nothing are believed to have homes. */
  readonly homeReady: boolean
}

const number = (from: number) => z.number().int().min(from).max(LAST_UID)

const Stored = z.object({
  metadata: z.object({ name: z.string().regex(SLUG_PATTERN), generation: z.number().optional() }),
  spec: z.object({
    login: z.string().regex(LOGIN_PATTERN),
    uid: number(FIRST_UID),
    gid: number(FIRST_UID),
    groups: z.array(z.object({ name: z.string().min(1), gid: number(FIRST_GROUP_GID) })),
    home: z.string(),
    shell: z.string().startsWith('/'),
    entryUUID: z.string().min(1),
  }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .optional(),
})

/** The person behind an Identity; undefined for one that cannot be read, who is nobody then. */
export function personOf(raw: KubernetesObject | undefined): KnownPerson | undefined {
  const read = Stored.safeParse(raw)
  if (!read.success) return undefined
  const { metadata, spec, status } = read.data
  const condition = (type: string) => status?.conditions.find((one) => one.type === type)?.status
  return {
    identity: { metadata: { name: metadata.name }, spec },
    published: condition('Published') === 'True',
    homeReady: condition(HOME_READY) !== 'False',
  }
}

export const isAdministrator = ({ spec }: Identity): boolean =>
  spec.groups.some(({ name }) => name === ADMINISTRATORS)
