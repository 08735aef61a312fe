import { randomBytes } from 'node:crypto'
import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
} from '@kubernetes/client-node'
import { selfSigned } from '../../certificates/self-signed.ts'
import { unless } from '../../cluster/answer.ts'
import { keptClient } from '../../cluster/client.ts'
import { swap } from '../../cluster/swap.ts'
import type { Identity } from '../../config/identity.ts'
import {
  BEGUN_WITH_PASSWORD,
  LAST_INPUT,
  START,
  STARTED_AT,
  STOPPED_AT,
  STOPPED_WHY,
  STOPS_AT,
  WAITING_SINCE,
} from '../../config/labels.ts'
import { desktopName, FIELD_MANAGERS, NAMESPACES } from '../../config/names.ts'
import type { DesktopKeys } from '../../desktop/objects.ts'
import type { OfferedTemplate } from '../offer.ts'
import type { Caller } from './caller.ts'
import type { Owner, StopReason } from './desktop.ts'
import { entryUUIDOf } from './observe.ts'
import { bridgeName, type RenderDesktop } from './render.ts'

const namespace = NAMESPACES.desktops
const fieldManager = FIELD_MANAGERS.gateway

/** How a request for a desktop ended. `unfit`: it can never be made; the reason is in plain words. */
export type Asked = { readonly asked: 'queued' | 'there' } | { readonly unfit: string }

/** A write that came too late: the object is another one by now. What was decided on it is decided anew. */
export type Written = 'written' | 'superseded'

/**
 * The only writer of desktops. Every write of a Deployment is a compare-and-swap on the version that was read, so
 * that of two replicas, two tabs or two logins one wins and the other looks again.
 */
export interface DesktopStore {
  /** Queues a desktop. One that runs, or waits already, is left as it is, whatever its template. */
  ask(identity: Identity, template: OfferedTemplate): Promise<Asked>
  /** Gives it new secrets and lets its pod come. */
  start(identity: Identity, template: OfferedTemplate, version: string): Promise<Written | { unfit: string }>
  /** Takes its pod away; its objects and its home stay. `again` queues it at once. With `entryUUID` only that person's. */
  stop(
    slug: string,
    why: StopReason,
    options?: { version?: string; again?: boolean; entryUUID?: string },
  ): Promise<Written>
  /** Sets annotations by key; null takes one away. */
  annotate(
    slug: string,
    annotations: Readonly<Record<string, string | null>>,
    version?: string,
  ): Promise<Written>
}

/** Of two tabs or two logins one wins; more turns than this are a fight. */
const TURNS = 5

/** Kubernetes' times have whole seconds; ours keep milliseconds, for the order of the queue. */
export const stamp = (now: number): string => new Date(now).toISOString()

export function desktopStore(
  kubeConfig: KubeConfig,
  render: RenderDesktop,
  caller: Pick<Caller, 'authorities'>,
  now: () => number,
): DesktopStore {
  const apps = keptClient(kubeConfig, AppsV1Api)
  const core = keptClient(kubeConfig, CoreV1Api)
  const read = (name: string) => unless(404, () => apps.readNamespacedDeployment({ namespace, name }))
  const replace = (body: V1Deployment) =>
    unless(409, () =>
      apps.replaceNamespacedDeployment({ namespace, name: body.metadata?.name ?? '', body, fieldManager }),
    )
  const create = (body: V1Deployment) =>
    unless(409, () => apps.createNamespacedDeployment({ namespace, body, fieldManager }))
  const keysFor = async ({ metadata, spec }: Identity, start: string): Promise<DesktopKeys> => {
    const name = bridgeName(ownerOf({ metadata, spec }), start)
    const { certificate, key } = await selfSigned([name], new Date(now()))
    const token = randomBytes(32).toString('base64url')
    return { certificate, key, token, gatewayAuthorities: caller.authorities() }
  }

  return {
    async ask(identity, template) {
      const rendered = render(identity, template, await keysFor(identity, newStart()))
      if ('unfit' in rendered) return rendered
      const name = desktopName(identity.metadata.name)
      const { state } = await swap<V1Deployment>(
        {
          read: () => read(name),
          change: (live) =>
            live && isOwners(live, identity) && (isOn(live) || annotation(live, WAITING_SINCE))
              ? undefined
              : over(live, rendered.deployment, 0, { [WAITING_SINCE]: stamp(now()), [STOPS_AT]: null }),
          write: (body, live) => (live ? replace(body) : create(body)),
        },
        TURNS,
      )
      if (state === 'contended') throw new Error(`${name} changes faster than it can be written`)
      return { asked: state === 'written' ? 'queued' : 'there' }
    },

    async start(identity, template, version) {
      const name = desktopName(identity.metadata.name)
      const start = newStart()
      const rendered = render(identity, template, await keysFor(identity, start))
      if ('unfit' in rendered) return rendered
      const live = await read(name)
      if (!live || live.metadata?.resourceVersion !== version || !isOwners(live, identity))
        return 'superseded'
      const apply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
      const request = { namespace, name, fieldManager, force: true }
      const { deployment, secret, service } = rendered
      // The secrets first: a pod reads them once, when it starts.
      await core.patchNamespacedSecret({ ...request, body: secret }, apply)
      await core.patchNamespacedService({ ...request, body: service }, apply)
      const written = await replace(
        over(live, deployment, 1, {
          // Its place in the queue is kept until its pod has a PC.
          [WAITING_SINCE]: annotation(live, WAITING_SINCE) ?? stamp(now()),
          [START]: start,
          [STARTED_AT]: stamp(now()),
          [BEGUN_WITH_PASSWORD]: identity.spec.passwordSet ?? '',
          [LAST_INPUT]: stamp(now()),
          [STOPPED_AT]: null,
          [STOPPED_WHY]: null,
          [STOPS_AT]: null,
        }),
      )
      return written ? 'written' : 'superseded'
    },

    async stop(slug, why, { version, again = false, entryUUID } = {}) {
      const { state } = await swap<V1Deployment>(
        {
          read: () => read(desktopName(slug)),
          change: (live) =>
            !live ||
            (version !== undefined && live.metadata?.resourceVersion !== version) ||
            (entryUUID !== undefined && entryUUIDOf(live) !== entryUUID)
              ? undefined
              : over(live, live, 0, {
                  [STOPPED_AT]: stamp(now()),
                  [STOPPED_WHY]: why,
                  [WAITING_SINCE]: again ? stamp(now()) : null,
                  [STOPS_AT]: null,
                }),
          write: replace,
        },
        // What was decided on one version is not to be done to the next.
        version === undefined ? TURNS : 1,
      )
      return state === 'written' ? 'written' : 'superseded'
    },

    async annotate(slug, annotations, version) {
      const metadata = { annotations, ...(version === undefined ? {} : { resourceVersion: version }) }
      const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
      const request = { namespace, name: desktopName(slug), fieldManager, body: { metadata } }
      const done = await unless(409, () => unless(404, () => apps.patchNamespacedDeployment(request, merge)))
      return done ? 'written' : 'superseded'
    },
  }
}

/** What is rendered, in the place of what lives: version and foreign annotations are kept, ours changed. */
function over(
  live: V1Deployment | undefined,
  rendered: V1Deployment,
  replicas: 0 | 1,
  annotations: Readonly<Record<string, string | null>>,
): V1Deployment {
  const before = live?.metadata?.annotations ?? {}
  // What is noted of a former person's desktop says nothing of this one.
  const own = live && entryUUIDOf(live) === entryUUIDOf(rendered) ? before : {}
  const all = { ...own, ...rendered.metadata?.annotations, ...annotations }
  const kept = Object.entries(all).flatMap(([key, value]) => (value === null ? [] : [[key, value]]))
  const { metadata, spec } = rendered
  const version = live?.metadata?.resourceVersion
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...metadata,
      annotations: Object.fromEntries(kept),
      ...(version === undefined ? {} : { resourceVersion: version }),
    },
    ...(spec === undefined ? {} : { spec: { ...spec, replicas } }),
  }
}

const annotation = ({ metadata }: V1Deployment, key: string): string | undefined =>
  metadata?.annotations?.[key]

/** As a DNS label, since certificates name it. */
const newStart = (): string => randomBytes(8).toString('hex')

const isOwners = (live: V1Deployment, { spec }: Identity): boolean => entryUUIDOf(live) === spec.entryUUID

const ownerOf = ({ metadata, spec }: Identity): Owner => ({ slug: metadata.name, entryUUID: spec.entryUUID })

const isOn = ({ spec }: V1Deployment): boolean => (spec?.replicas ?? 1) > 0
