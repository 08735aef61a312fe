import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import { ARGO_CD, moduleFolder } from '../modules.ts'

export const ARGO_CD_NAMESPACE = 'argocd'

const Container = z.looseObject({ name: z.string(), image: z.string() })
const Template = z.looseObject({
  spec: z.looseObject({ containers: z.array(Container), initContainers: z.array(Container).optional() }),
})
const Manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.looseObject({ template: Template.optional() }).optional(),
})
type Manifest = z.infer<typeof Manifest>

/** Kinds of Argo CD's manifests that belong to no namespace. */
const CLUSTER_SCOPED = ['CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding']

/**
 * Argo CD as YAML: its own manifests without pages and generators ("core"), out of its pinned module, with `image`
 * (that of `images/argocd`, which holds redis too) for all programs. Ready for `kubectl apply --server-side`.
 */
export async function argoCdManifests(image: string): Promise<string> {
  const file = join(await moduleFolder('argo-cd', ARGO_CD), 'manifests', 'core-install.yaml')
  const given = parseAllDocuments(readFileSync(file, 'utf8')).map((one) => Manifest.parse(one.toJS()))
  const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ARGO_CD_NAMESPACE } }
  const kept = given.filter(
    ({ kind, metadata }) => kind === 'CustomResourceDefinition' || !/applicationset/.test(metadata.name),
  )
  return [namespace, ...kept.map((one) => adapted(one, image))]
    .map((one) => stringify(one, YAML_OF_KUBECTL))
    .join('---\n')
}

/** kubectl reads YAML 1.1, where a bare `no` is a boolean. */
const YAML_OF_KUBECTL = { version: '1.1' } as const

function adapted(manifest: Manifest, image: string): Manifest {
  const { kind, metadata, spec } = manifest
  const template = spec?.template
  return {
    ...manifest,
    metadata: CLUSTER_SCOPED.includes(kind) ? metadata : { ...metadata, namespace: ARGO_CD_NAMESPACE },
    ...(metadata.name === 'argocd-cm' ? { data: { ...manifest.data, ...SETTINGS } } : {}),
    ...(spec && template ? { spec: { ...spec, template: withImage(template, image) } } : {}),
  }
}

/** A commit is seen within half a minute, without a call from the Git server: 2 to 3 minutes would be its own way. */
const SETTINGS = { 'timeout.reconciliation': '30s', 'timeout.reconciliation.jitter': '5s' }

function withImage(template: z.infer<typeof Template>, image: string): z.infer<typeof Template> {
  const own = (container: z.infer<typeof Container>) => ({
    ...container,
    image,
    imagePullPolicy: 'IfNotPresent',
    // The image of redis has a start script for its name; ours starts what it is told to.
    ...(container.name === 'redis' ? { command: ['redis-server'] } : {}),
  })
  const { spec } = template
  return {
    ...template,
    spec: {
      ...spec,
      containers: spec.containers.map(own),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(own) } : {}),
    },
  }
}
