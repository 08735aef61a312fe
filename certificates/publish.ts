import {
  AdmissionregistrationV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1MutatingWebhookConfiguration,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { reasonOf, unless } from '../cluster/answer.ts'
import { keptClient } from '../cluster/client.ts'
import { watch } from '../cluster/watch.ts'
import { FIELD_MANAGERS } from '../config/names.ts'
import { systemClock } from '../service/clock.ts'
import { newBell, turns } from '../service/turns.ts'

/** Which webhook the authorities are published for. */
export interface Target {
  readonly configuration: string
  readonly webhook: string
}

const PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

export type Publishing =
  | { readonly does: 'nothing' }
  | { readonly does: 'wait'; readonly why: string }
  | { readonly does: 'apply'; readonly body: object }

/**
 * What to apply so that the webhook has the bundle: that one field, under the object's own uid, so that an apply which
 * comes too late cannot make a configuration that was just removed, and over the very version that was read, so that it
 * cannot bring back what somebody else has replaced since.
 *
 * @param trusted The authorities by which API servers check the webhook's certificate, PEM.
 */
export function publishing(
  live: V1MutatingWebhookConfiguration,
  target: Target,
  trusted: string,
): Publishing {
  const bundle = Buffer.from(trusted).toString('base64')
  const webhook = live.webhooks?.find(({ name }) => name === target.webhook)
  if (!webhook) return { does: 'wait', why: `it has no webhook ${target.webhook}; apply the rendered one` }
  if (webhook.clientConfig?.caBundle === bundle) return { does: 'nothing' }
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {
      name: target.configuration,
      uid: live.metadata?.uid,
      resourceVersion: live.metadata?.resourceVersion,
    },
    webhooks: [{ name: target.webhook, clientConfig: { caBundle: bundle } }],
  }
  return { does: 'apply', body }
}

/** Ms to the next try after a failure, and to the next look when nothing happens. */
const RETRY = 2_000
const LOOK = 10 * 60_000

export interface Published {
  /** Looks at once: the authorities may be others now. */
  again(): void
  stop(): Promise<void>
}

/**
 * Keeps the authorities in the webhook's configuration, by server-side apply, as the owner of that field
 * alone: applied when the configuration appears, and again whenever somebody changes or strips it.
 *
 * @param trusted The authorities, PEM, as they stand at that moment; undefined where there are none yet.
 */
export function keepPublished(
  cluster: KubeConfig,
  target: Target,
  trusted: () => Promise<string | undefined>,
  log: Logger,
): Published {
  const api = keptClient(cluster, AdmissionregistrationV1Api)
  const { configuration: name } = target
  const fieldSelector = `metadata.name=${name}`
  const list = (page: object) => api.listMutatingWebhookConfiguration({ fieldSelector, ...page })
  const watched = watch(cluster, { path: PATH, list, fieldSelector }, log)
  const bell = newBell()
  watched.onChange(bell.ring)
  /** Resolves with whether there is nothing more to do for now. */
  const publish = async (): Promise<boolean> => {
    const live = watched.get(name)
    const now = live && (await trusted())
    const todo = live && now !== undefined ? publishing(live, target, now) : undefined
    if (todo?.does === 'wait') log.warn({ configuration: name }, `not published: ${todo.why}`)
    if (todo?.does !== 'apply') return true
    // Somebody else changed it since it was read: it is looked at again.
    if ((await unless(409, () => apply(api, name, todo.body))) === undefined) return false
    log.info({ configuration: name }, 'published the authorities')
    return true
  }
  const ending = new AbortController()
  const rhythm = {
    bell,
    rest: (published?: boolean) => (published ? LOOK : RETRY),
    failed: (error: unknown) =>
      log.error({ reason: reasonOf(error) }, 'the authorities could not be published; it is tried again'),
  }
  const publishes = turns(systemClock, rhythm, ending.signal, publish)
  return {
    again: bell.ring,
    async stop() {
      ending.abort()
      await Promise.all([publishes, watched.stop()])
    },
  }
}

async function apply(
  api: AdmissionregistrationV1Api,
  name: string,
  body: object,
): Promise<V1MutatingWebhookConfiguration> {
  const request = { name, body, fieldManager: FIELD_MANAGERS.certificates, force: true }
  return await api.patchMutatingWebhookConfiguration(
    request,
    setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
  )
}
