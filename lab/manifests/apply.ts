import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { WEBHOOK } from '../../config/names.ts'
import { LAB_MANAGER } from '../bare/furnish.ts'
import type { Cluster } from '../kubectl/cluster.ts'

const KubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
})
type KubernetesObject = z.infer<typeof KubernetesObject>

export interface ApplyOptions {
  /** Where the API server finds the mutating webhook: a lab without real nodes cannot route to a Service. */
  readonly webhookUrl?: string
  readonly progress?: (line: string) => void
}

/**
 * Applies a folder such as `dist/` (YAML files at any depth) server-side, in rounds: first namespaces and
 * definitions, then everything, again as long as something only waits for something else, at most 30 s.
 *
 * @returns warnings and errors of the API server, one a line; empty when all was taken without complaint.
 */
export async function applyFolder(
  cluster: Pick<Cluster, 'run'>,
  folder: string,
  options: ApplyOptions = {},
): Promise<readonly string[]> {
  const progress = options.progress ?? (() => {})
  const objects = readObjects(folder).map((object) => reachable(object, options.webhookUrl, progress))
  const first = objects.filter(({ kind }) => kind === 'Namespace' || kind === 'CustomResourceDefinition')
  const warnings = new Set<string>()
  const deadline = Date.now() + 30_000
  progress(`applying ${objects.length} objects`)
  if (first.length > 0) await round(cluster, first, warnings)
  for (let number = 1; ; number++) {
    const errors = await round(cluster, objects, warnings)
    if (errors.length === 0) return [...warnings]
    if (!errors.some(mayPass) || Date.now() > deadline) return [...warnings, ...errors]
    progress(`round ${number}: ${errors.length} not taken yet, trying again`)
    await sleep(300)
  }
}

/** What passes by itself: kinds, namespaces or parameters that the API server is still learning, and races. */
export function mayPass(error: string): boolean {
  return /no matches for kind|not found|ensure CRDs are installed|failed calling webhook|object has been modified|connection refused|not yet ready|could not find the requested resource/i.test(
    error,
  )
}

/** One kubectl call over all objects. Adds warnings to the set and returns the errors. */
async function round(
  cluster: Pick<Cluster, 'run'>,
  objects: readonly KubernetesObject[],
  warnings: Set<string>,
): Promise<string[]> {
  const input = objects.map((object) => JSON.stringify(object)).join('\n---\n')
  // Forced as Argo CD and Flux do: what somebody changed by hand gives way to the folder.
  const args = [
    'apply',
    '--server-side',
    '--force-conflicts',
    `--field-manager=${LAB_MANAGER}`,
    '--filename=-',
  ]
  const { code, stderr } = await cluster.run(args, { input })
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  for (const line of lines) if (line.startsWith('Warning:')) warnings.add(line)
  const errors = lines.filter((line) => !line.startsWith('Warning:'))
  return code !== 0 && errors.length === 0 ? [`kubectl apply ended with code ${code}`] : errors
}

function readObjects(folder: string): KubernetesObject[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8'))
      .map((document): unknown => document.toJS())
      .filter((value) => value !== null)
      .map((value) => {
        const parsed = KubernetesObject.safeParse(value)
        if (parsed.success) return parsed.data
        throw new Error(`${relative(folder, file)} holds something that is no Kubernetes object`)
      }),
  )
}

const Webhooks = z.array(z.looseObject({ clientConfig: z.looseObject({ service: z.unknown().optional() }) }))

/** The webhook's configuration with `url` in the place of `service`; every other object as it is. */
function reachable(
  object: KubernetesObject,
  url: string | undefined,
  progress: (line: string) => void,
): KubernetesObject {
  if (url === undefined || object.kind !== 'MutatingWebhookConfiguration') return object
  if (object.metadata.name !== WEBHOOK.configuration) return object
  progress(`${WEBHOOK.configuration} calls ${url} here: a lab without nodes cannot route to a Service`)
  const webhooks = Webhooks.parse(object.webhooks).map((webhook) => {
    const { service: _, ...clientConfig } = webhook.clientConfig
    return { ...webhook, clientConfig: { ...clientConfig, url } }
  })
  return { ...object, webhooks }
}
