import { randomBytes } from 'node:crypto'
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
} from '@kubernetes/client-node'
import { selfSigned } from '../../certificates/self-signed.ts'
import type { Identity } from '../../config/identity.ts'
import {
  LAST_INPUT,
  STARTED_AT,
  STOPPED_AT,
  STOPPED_WHY,
  STOPS_AT,
  WAITING_SINCE,
} from '../../config/labels.ts'
import { desktopName, FIELD_MANAGERS, NAMESPACES } from '../../config/names.ts'
import type { DesktopKeys } from '../../desktop/objects.ts'
import { keptClient } from '../../lease/kept-client.ts'
import type { OfferedTemplate } from '../offer.ts'
import type { StopReason } from './desktop.ts'
import { type RenderDesktop, serviceHost } from './render.ts'

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
  /** Takes its pod away; its objects and its home stay. `again` queues it at once. */
  stop(slug: string, why: StopReason, options?: { version?: string; again?: boolean }): Promise<Written>
  /** Sets annotations by key; null takes one away. */
  annotate(
    slug: string,
    annotations: Readonly<Record<string, string | null>>,
    version?: string,
  ): Promise<Written>
}

const TURNS = 5

/** Kubernetes' times have whole seconds; ours keep milliseconds, for the order of the queue. */
export const stamp = (now: number): string => new Date(now).toISOString()

export function desktopStore(kubeConfig: KubeConfig, render: RenderDesktop, now: () => number): DesktopStore {
  const apps = keptClient(kubeConfig, AppsV1Api)
  const core = keptClient(kubeConfig, CoreV1Api)
  const read = (name: string) => unless(404, () => apps.readNamespacedDeployment({ namespace, name }))
  const replace = async (body: V1Deployment): Promise<Written> => {
    const name = body.metadata?.name ?? ''
    const done = await unless(409, () =>
      apps.replaceNamespacedDeployment({ namespace, name, body, fieldManager }),
    )
    return done ? 'written' : 'superseded'
  }

  return {
    async ask(identity, template) {
      const rendered = render(identity, template, await newSecrets(identity.metadata.name, now()))
      if ('unfit' in rendered) return rendered
      const name = desktopName(identity.metadata.name)
      for (let turn = 0; turn < TURNS; turn++) {
        const live = await read(name)
        if (live && ((live.spec?.replicas ?? 1) > 0 || annotation(live, WAITING_SINCE)))
          return { asked: 'there' }
        const body = over(live, rendered.deployment, 0, {
          [WAITING_SINCE]: stamp(now()),
          [STOPS_AT]: null,
        })
        if (live) {
          if ((await replace(body)) === 'written') return { asked: 'queued' }
        } else if (
          await unless(409, () => apps.createNamespacedDeployment({ namespace, body, fieldManager }))
        ) {
          return { asked: 'queued' }
        }
      }
      throw new Error(`${name} changes faster than it can be written`)
    },

    async start(identity, template, version) {
      const name = desktopName(identity.metadata.name)
      const rendered = render(identity, template, await newSecrets(identity.metadata.name, now()))
      if ('unfit' in rendered) return rendered
      const live = await read(name)
      if (!live || live.metadata?.resourceVersion !== version) return 'superseded'
      const apply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
      const request = { namespace, name, fieldManager, force: true }
      const { deployment, secret, service } = rendered
      // The secrets first: a pod reads them once, when it starts.
      await core.patchNamespacedSecret({ ...request, body: secret }, apply)
      await core.patchNamespacedService({ ...request, body: service }, apply)
      return await replace(
        over(live, deployment, 1, {
          // Its place in the queue is kept until its pod has a PC.
          [WAITING_SINCE]: annotation(live, WAITING_SINCE) ?? stamp(now()),
          [STARTED_AT]: stamp(now()),
          [LAST_INPUT]: stamp(now()),
          [STOPPED_AT]: null,
          [STOPPED_WHY]: null,
          [STOPS_AT]: null,
        }),
      )
    },

    async stop(slug, why, { version, again = false } = {}) {
      for (let turn = 0; turn < TURNS; turn++) {
        const live = await read(desktopName(slug))
        if (!live || (version !== undefined && live.metadata?.resourceVersion !== version))
          return 'superseded'
        const body = over(live, live, 0, {
          [STOPPED_AT]: stamp(now()),
          [STOPPED_WHY]: why,
          [WAITING_SINCE]: again ? stamp(now()) : null,
          [STOPS_AT]: null,
        })
        if ((await replace(body)) === 'written') return 'written'
        if (version !== undefined) return 'superseded'
      }
      return 'superseded'
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
  const all = { ...live?.metadata?.annotations, ...rendered.metadata?.annotations, ...annotations }
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

async function newSecrets(slug: string, now: number): Promise<DesktopKeys> {
  const { certificate, key } = await selfSigned([serviceHost(slug)], new Date(now))
  return { certificate, key, token: randomBytes(32).toString('base64url') }
}

/** What the call brings; nothing where the API server answers with that code. */
async function unless<T>(code: number, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ApiException && error.code === code) return undefined
    throw error
  }
}
