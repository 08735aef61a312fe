import {
  AdmissionregistrationV1Api,
  type KubeConfig,
  ListWatch,
  PatchStrategy,
  setHeaderOptions,
  type V1MutatingWebhookConfiguration,
  Watch,
} from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { FIELD_MANAGERS } from '../config/names.ts'
import { keepSteady, type Steady } from './steady.ts'

/** Which webhook the authorities are published for. */
export interface Target {
  readonly configuration: string
  readonly webhook: string
}

const PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** The bundle that API servers check a webhook's certificate by: one authority, or two while one replaces the other. */
export const bundleOf = (authorities: readonly string[]): string =>
  Buffer.from(authorities.map((pem) => `${pem.trim()}\n`).join('')).toString('base64')

export type Publishing =
  | { readonly does: 'nothing' }
  | { readonly does: 'wait'; readonly why: string }
  | { readonly does: 'apply'; readonly body: object }

/**
 * What to apply so that the webhook has the bundle: that one field, under the object's own uid, so that an
 * apply which comes too late cannot make a configuration that was just removed.
 */
export function publishing(live: V1MutatingWebhookConfiguration, target: Target, bundle: string): Publishing {
  const webhook = live.webhooks?.find(({ name }) => name === target.webhook)
  if (!webhook) return { does: 'wait', why: `it has no webhook ${target.webhook}; apply the rendered one` }
  if (webhook.clientConfig?.caBundle === bundle) return { does: 'nothing' }
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: target.configuration, uid: live.metadata?.uid },
    webhooks: [{ name: target.webhook, clientConfig: { caBundle: bundle } }],
  }
  return { does: 'apply', body }
}

const RETRY = 2_000

/**
 * Keeps the authorities in the webhook's configuration, by server-side apply, as the owner of that field
 * alone: applied when the configuration appears, and again whenever somebody changes or strips it.
 */
export function keepPublished(
  kubeConfig: KubeConfig,
  target: Target,
  authorities: () => readonly string[],
  log: Logger,
): Steady {
  const api = kubeConfig.makeApiClient(AdmissionregistrationV1Api)
  const { configuration: name } = target
  const fieldSelector = `metadata.name=${name}`
  let answered = true
  let retry: NodeJS.Timeout | undefined
  const list = async () => {
    const listed = await api.listMutatingWebhookConfiguration({ fieldSelector })
    answered = true
    return listed
  }
  const informer = new ListWatch(PATH, new Watch(kubeConfig), list, false, undefined, fieldSelector)
  const publish = async (): Promise<void> => {
    const live = informer.get(name)
    const todo = live && publishing(live, target, bundleOf(authorities()))
    if (todo?.does === 'wait') log.warn({ configuration: name }, `not published: ${todo.why}`)
    if (todo?.does !== 'apply') return
    await apply(api, name, todo.body)
    log.info({ configuration: name }, 'published the authority')
  }
  const attempt = (): void => {
    clearTimeout(retry)
    publish().catch((error: unknown) => {
      log.error({ err: error }, 'the authority could not be published; it is tried again')
      retry = setTimeout(attempt, RETRY)
    })
  }
  informer.on('change', attempt)
  const steady = keepSteady(
    informer,
    () => answered,
    (error) => {
      answered = false
      log.warn({ err: error }, 'the watch of the webhook configuration broke')
    },
  )
  return {
    async stop() {
      clearTimeout(retry)
      await steady.stop()
    },
  }
}

async function apply(api: AdmissionregistrationV1Api, name: string, body: object): Promise<void> {
  const request = { name, body, fieldManager: FIELD_MANAGERS.certificates, force: true }
  await api.patchMutatingWebhookConfiguration(
    request,
    setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
  )
}
