import {
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { type Lock, type LockLines, lockIn, lockLine } from '../config/lock.ts'
import { LOCKED_PEOPLE, NAMESPACES } from '../config/names.ts'
import { unless } from './answer.ts'
import { keptClient } from './client.ts'
import { watch } from './watch.ts'

/** Who is locked in the cluster itself, kept current. */
export interface LockedPeople {
  /** The lock of that person; whoever has the login after somebody else is somebody else. */
  of(slug: string, entryUUID: string): Lock | undefined
  /** Whether the list has been asked for at all. */
  ready(): boolean
  /** Whether the list is not there: who was locked last stays so, and nobody can be told to be free. */
  gone(): boolean
  /** How many are locked. */
  size(): number
  onChange(changed: () => void): void
  stop(): Promise<void>
}

/** What to do where the list is gone. */
export const LIST_GONE =
  `the ConfigMap ${NAMESPACES.system}/${LOCKED_PEOPLE}, which says who is locked, is gone: run the Job make-secrets again ` +
  '(docs/secrets.md, "Run it again") and lock again whoever must be'

const namespace = NAMESPACES.system
const name = LOCKED_PEOPLE

/** Needs `list` and `watch` on the one ConfigMap. */
export function watchLockedPeople(config: KubeConfig, log: Logger): LockedPeople {
  const core = keptClient(config, CoreV1Api)
  const fieldSelector = `metadata.name=${name}`
  const watched = watch(
    config,
    {
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      list: (page) => core.listNamespacedConfigMap({ namespace, fieldSelector, ...page }),
      fieldSelector,
      keep: ({ data }: V1ConfigMap): LockLines => data ?? {},
    },
    log,
  )
  let last: LockLines = {}
  let wasGone = false
  const gone = (): boolean => watched.ready() && watched.get(name) === undefined
  watched.onChange(() => {
    last = watched.get(name) ?? last
    if (gone() && !wasGone) log.error(LIST_GONE)
    wasGone = gone()
  })
  return {
    of: (slug, entryUUID) => lockIn(watched.get(name) ?? last, slug, entryUUID),
    ready: watched.ready,
    gone,
    size: () => Object.keys(watched.get(name) ?? last).length,
    onChange: (changed) => watched.onChange(changed),
    stop: watched.stop,
  }
}

/** The list as it stands; undefined where there is none. Needs `get`. */
export async function readLockLines(core: CoreV1Api): Promise<LockLines | undefined> {
  const found = await unless(404, () => core.readNamespacedConfigMap({ namespace, name }))
  return found && (found.data ?? {})
}

/**
 * Locks one person, or with no lock opens the account, and touches nobody else's line. Needs `patch`.
 *
 * @throws Error where the list is gone: an empty one of our own making would open everybody else's account.
 */
export async function writeLock(
  core: CoreV1Api,
  slug: string,
  lock: Lock | undefined,
  fieldManager: string,
): Promise<void> {
  const body = { data: { [slug]: lock === undefined ? null : lockLine(lock) } }
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
  const patch = () => core.patchNamespacedConfigMap({ namespace, name, body, fieldManager }, merge)
  if ((await unless(404, patch)) === undefined) throw new Error(LIST_GONE)
}
