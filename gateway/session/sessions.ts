import { randomBytes } from 'node:crypto'
import {
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Secret,
} from '@kubernetes/client-node'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { swap } from '../../cluster/swap.ts'
import { isOutdated } from '../../config/identity.ts'
import { FIELD_MANAGERS, GATEWAY, NAMESPACES } from '../../config/names.ts'
import { isAdministrator, isHelper, type KnownPerson } from '../cluster/person.ts'
import type { ClusterView } from '../cluster/view.ts'
import { cookieIn, seal, setCookie, unseal } from './cookie.ts'
import { decideKeys, KEY_KINDS, type Key, type KeyKind, keyName, keysIn, SESSION_KEYS } from './keys.ts'
import {
  type Ended,
  endedIn,
  isEnded,
  type Lines,
  lineOf,
  prune,
  type Revocation,
  saysSo,
} from './revoked.ts'
import { type Admitted, newSession, type Session } from './session.ts'

/** Somebody who is logged in, and whom the cluster still knows. */
export interface Visitor {
  readonly session: Session
  readonly person: KnownPerson
  readonly administrator: boolean
  readonly helper: boolean
}

/** Whose session begins; the name is how people call them. */
export type NewSession = Pick<Session, 'slug' | 'login' | 'name' | 'entryUUID' | 'passwordSet' | 'early'>

export interface Sessions {
  /** Who sent that cookie header; undefined for nobody: no session, an ended one, a person who is gone. */
  visitor(cookieHeader: string | undefined): Promise<Visitor | undefined>
  /** Whether that is somebody who logged in with the right password, and whom the cluster does not know yet. */
  isAwaited(cookieHeader: string | undefined): Promise<boolean>
  /** The same question later on, of a connection that lasts. */
  stillGood(session: Admitted): boolean
  /** Whose session that is; undefined when it is no longer good, or the cluster does not know them yet. */
  personOf(session: Admitted): KnownPerson | undefined
  /** The `Set-Cookie` of a new session. */
  begin(person: NewSession): Promise<string>
  end(revocation: Revocation): Promise<void>
  /** Whether anything can be sealed yet. */
  ready(): boolean
  /** Makes and removes keys, and takes old lines off the list of ended sessions; for the leader. */
  tend(): Promise<void>
  /** Calls back when a session may have ended. */
  onChange(changed: () => void): void
}

const namespace = NAMESPACES.system
const fieldManager = FIELD_MANAGERS.gateway
const KEYS = GATEWAY.sessionsSecret
const LIST = GATEWAY.revokedConfigMap

/** The gateway may fill these two and make no others: who may make Secrets could make itself another account's token. */
function absent(kind: 'ConfigMap' | 'Secret', name: string): never {
  throw new Error(
    `The ${kind} ${namespace}/${name} is not there: the Job make-secrets makes it; docs/secrets.md, "Run it again".`,
  )
}

/** The keys of one kind, as the watch shows them. */
export function keysOf(view: Pick<ClusterView, 'sessionKeys'>, kind: KeyKind): Key[] {
  const secret: V1Secret | undefined = view.sessionKeys.get(KEYS)
  return keysIn(kind, secret?.data)
}

export function openSessions(kubeConfig: KubeConfig, view: ClusterView, now: () => number): Sessions {
  const core = keptClient(kubeConfig, CoreV1Api)
  const keys = (): Key[] => keysOf(view, SESSION_KEYS)
  const ended = keepEnded(view)
  const isOver = (session: Admitted): boolean =>
    session.ends <= now() || ended.are().some((some) => isEnded(some, session))
  const stillGood = (session: Admitted): boolean => {
    const person = view.people.get(session.slug)
    return (
      !isOver(session) &&
      person?.identity.spec.entryUUID === session.entryUUID &&
      !person.identity.spec.locked &&
      !isOutdated(session.passwordSet, person.identity.spec)
    )
  }
  const personOf = (session: Admitted): KnownPerson | undefined => {
    const person = stillGood(session) ? view.people.get(session.slug) : undefined
    return session.early && !person?.published ? undefined : person
  }
  const sessionIn = async (header: string | undefined): Promise<Session | undefined> => {
    const sealed = cookieIn(header)
    return sealed === undefined ? undefined : await unseal(sealed, keys(), now())
  }
  const listeners: (() => void)[] = []
  return {
    stillGood,
    async isAwaited(header) {
      const session = await sessionIn(header)
      if (!session?.early || isOver(session)) return false
      if (view.locks.of(session.slug, session.entryUUID)) return false
      const person = view.people.get(session.slug)
      // A former person of the same login may still be there.
      if (person?.identity.spec.entryUUID !== session.entryUUID) return true
      return !person.published && !person.identity.spec.locked
    },
    personOf,
    async visitor(header) {
      const session = await sessionIn(header)
      const person = session && personOf(session)
      if (!session || !person) return undefined
      const { identity } = person
      return { session, person, administrator: isAdministrator(identity), helper: isHelper(identity) }
    },
    begin: async (person) => setCookie(await seal(newSession(person, now()), keys(), now())),
    async end(revocation) {
      ended.add(revocation)
      // Its screens end now, not when the list is written and watched.
      for (const changed of listeners) changed()
      await ('session' in revocation ? writeLine(core, revocation) : writePerson(core, revocation, now))
    },
    ready: () => view.sessionKeys.ready() && view.revoked.ready() && keys().length > 0,
    async tend() {
      await tendKeys(core, now)
      await pruneEnded(core, view, now)
    },
    onChange(changed) {
      listeners.push(changed)
      view.revoked.onChange(changed)
      view.people.onChange(changed)
    },
  }
}

/** The list of ended sessions as it is asked at every request: what the watch shows, and what it does not show yet. */
function keepEnded(view: ClusterView) {
  // What this replica ended itself counts at once, before the watch brings it back.
  const own = new Map<string, Revocation>()
  let ownEnded: Ended = endedIn({})
  let shown = { map: view.revoked.get(LIST), ended: endedIn(view.revoked.get(LIST)?.data ?? {}) }
  const write = (): void => {
    ownEnded = endedIn(Object.fromEntries([...own.values()].map((one) => lineOf(one))))
  }
  const look = (): Ended => {
    const map: V1ConfigMap | undefined = view.revoked.get(LIST)
    if (map !== shown.map) {
      shown = { map, ended: endedIn(map?.data ?? {}) }
      for (const [key, one] of own) if (saysSo(shown.ended, one)) own.delete(key)
      write()
    }
    return shown.ended
  }
  return {
    are: (): readonly Ended[] => [look(), ownEnded],
    add(revocation: Revocation): void {
      own.set(lineOf(revocation)[0], revocation)
      write()
    },
  }
}

/** One line more, whatever stands there: a log-out costs the same beside thousands of others. */
async function writeLine(core: CoreV1Api, revocation: Revocation): Promise<void> {
  const body = { data: Object.fromEntries([lineOf(revocation)]) }
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
  const patch = () => core.patchNamespacedConfigMap({ namespace, name: LIST, body, fieldManager }, merge)
  if ((await unless(404, patch)) === undefined) absent('ConfigMap', LIST)
}

/** A person's line says how far back, so two replicas that write it at once must see each other. */
async function writePerson(core: CoreV1Api, revocation: Revocation, now: () => number): Promise<void> {
  await changeList(core, (lines) => {
    const [key, text] = lineOf(revocation, lines)
    const all = { ...lines, [key]: text }
    return prune(all, now()) ?? all
  })
}

/** Decided on what the watch shows, so that a list that is in order costs no call. */
async function pruneEnded(core: CoreV1Api, view: ClusterView, now: () => number): Promise<void> {
  if (prune(view.revoked.get(LIST)?.data ?? {}, now()) !== undefined)
    await changeList(core, (lines) => prune(lines, now()))
}

async function changeList(core: CoreV1Api, change: (lines: Lines) => Lines | undefined): Promise<void> {
  const { state } = await swap<V1ConfigMap>({
    read: () => unless(404, () => core.readNamespacedConfigMap({ namespace, name: LIST })),
    change(live) {
      const data = change((live ?? absent('ConfigMap', LIST)).data ?? {})
      return data && { ...live, data: { ...data } }
    },
    write: (body) =>
      unless(409, () => core.replaceNamespacedConfigMap({ namespace, name: LIST, body, fieldManager })),
  })
  if (state === 'contended')
    throw new Error('the list of ended sessions changes faster than it can be written')
}

/** Whoever else tends them at the same moment has done it: another turn finds nothing to do. */
async function tendKeys(core: CoreV1Api, now: () => number): Promise<void> {
  await swap<V1Secret>({
    read: () => unless(404, () => core.readNamespacedSecret({ namespace, name: KEYS })),
    change(live) {
      const changes = KEY_KINDS.map((kind) => ({
        kind,
        ...decideKeys(kind, keysIn(kind, live?.data), now()),
      }))
      const remove = new Set(changes.flatMap((one) => one.remove))
      const add = changes.filter((one) => one.add)
      if (add.length === 0 && remove.size === 0) return undefined
      const kept = Object.entries(live?.data ?? {}).filter(([id]) => !remove.has(id))
      const made = add.map(({ kind }) => [keyName(kind, now()), randomBytes(32).toString('base64')])
      return { ...(live ?? absent('Secret', KEYS)), data: Object.fromEntries([...kept, ...made]) }
    },
    write: (body) =>
      unless(409, () => core.replaceNamespacedSecret({ namespace, name: KEYS, body, fieldManager })),
  })
}
