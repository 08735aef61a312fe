import { randomBytes } from 'node:crypto'
import {
  ApiException,
  CoreV1Api,
  type KubeConfig,
  type V1ConfigMap,
  type V1Secret,
} from '@kubernetes/client-node'
import { FIELD_MANAGERS, GATEWAY, NAMESPACES } from '../../config/names.ts'
import { keptClient } from '../../lease/kept-client.ts'
import { isAdministrator, type KnownPerson, personOf } from '../cluster/person.ts'
import type { Room } from '../cluster/room.ts'
import { cookieIn, seal, setCookie, unseal } from './cookie.ts'
import { decideKeys, type Key, keyName, keysIn } from './keys.ts'
import { isRevoked, type Revocation, type Revoked, revoke } from './revoked.ts'
import { newSession, type Session } from './session.ts'

/** Somebody who is logged in, and whom the cluster still knows. */
export interface Visitor {
  readonly session: Session
  readonly person: KnownPerson
  readonly administrator: boolean
}

export interface Sessions {
  /** Who sent that cookie header; undefined for nobody: no session, an ended one, a person who is gone. */
  visitor(cookieHeader: string | undefined): Promise<Visitor | undefined>
  /** The same question later on, of a connection that lasts. */
  stillGood(session: Session): boolean
  /** The `Set-Cookie` of a new session. */
  begin(person: KnownPerson, name: string): Promise<string>
  end(revocation: Revocation): Promise<void>
  /** Whether anything can be sealed yet. */
  ready(): boolean
  /** Makes and removes keys; for the leader. */
  tendKeys(): Promise<void>
  /** Calls back when a session may have ended. */
  onChange(changed: () => void): void
}

const namespace = NAMESPACES.system
const fieldManager = FIELD_MANAGERS.gateway
const TURNS = 8

export function openSessions(kubeConfig: KubeConfig, room: Room, now: () => number): Sessions {
  const core = keptClient(kubeConfig, CoreV1Api)
  // What this replica ended itself counts at once, before the watch brings it back.
  let own: Revoked = {}
  const keys = (): Key[] => {
    const secret: V1Secret | undefined = room.sessionKeys.get(GATEWAY.sessionsSecret)
    return keysIn(secret?.data)
  }
  const revoked = (): Revoked => {
    const map: V1ConfigMap | undefined = room.revoked.get(GATEWAY.revokedConfigMap)
    return { ...own, ...map?.data }
  }
  const stillGood = (session: Session): boolean => {
    const person = personOf(room.identities.get(session.slug))
    return (
      session.ends > now() &&
      person?.identity.spec.entryUUID === session.entryUUID &&
      !isRevoked(own, session) &&
      !isRevoked(revoked(), session)
    )
  }
  return {
    stillGood,
    async visitor(header) {
      const sealed = cookieIn(header)
      const session = sealed === undefined ? undefined : await unseal(sealed, keys(), now())
      if (!session || !stillGood(session)) return undefined
      const person = personOf(room.identities.get(session.slug))
      return person && { session, person, administrator: isAdministrator(person.identity) }
    },
    async begin({ identity: { metadata, spec } }, name) {
      const { login, entryUUID } = spec
      const session = newSession({ slug: metadata.name, login, entryUUID, name }, now())
      return setCookie(await seal(session, keys(), now()))
    },
    async end(revocation) {
      own = revoke(own, revocation, now())
      for (let turn = 0; turn < TURNS; turn++) {
        if (await writeRevoked(core, revocation, now())) return
      }
      throw new Error('the list of ended sessions changes faster than it can be written')
    },
    ready: () => room.sessionKeys.ready() && room.revoked.ready() && keys().length > 0,
    async tendKeys() {
      const name = GATEWAY.sessionsSecret
      const live = await unless(404, () => core.readNamespacedSecret({ namespace, name }))
      const change = decideKeys(keysIn(live?.data), now())
      if (!change.add && change.remove.length === 0) return
      const kept = Object.entries(live?.data ?? {}).filter(([id]) => !change.remove.includes(id))
      const made = change.add ? [[keyName(now()), randomBytes(32).toString('base64')]] : []
      const data = Object.fromEntries([...kept, ...made])
      await unless(409, () =>
        live
          ? core.replaceNamespacedSecret({ namespace, name, body: { ...live, data }, fieldManager })
          : core.createNamespacedSecret({
              namespace,
              body: { metadata: { namespace, name }, data },
              fieldManager,
            }),
      )
    },
    onChange(changed) {
      room.revoked.onChange(changed)
      room.identities.onChange(changed)
    },
  }
}

/** Adds a line to the list; false when somebody else wrote it meanwhile. */
async function writeRevoked(core: CoreV1Api, revocation: Revocation, now: number): Promise<boolean> {
  const name = GATEWAY.revokedConfigMap
  const live = await unless(404, () => core.readNamespacedConfigMap({ namespace, name }))
  const data = revoke(live?.data ?? {}, revocation, now)
  const written = await unless(409, () =>
    live
      ? core.replaceNamespacedConfigMap({ namespace, name, body: { ...live, data }, fieldManager })
      : core.createNamespacedConfigMap({
          namespace,
          body: { metadata: { namespace, name }, data },
          fieldManager,
        }),
  )
  return written !== undefined
}

async function unless<T>(code: number, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ApiException && error.code === code) return undefined
    throw error
  }
}
