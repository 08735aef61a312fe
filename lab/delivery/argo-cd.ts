import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { LEAVES_DEAD_PC_LATER } from '../../config/dead-pc.ts'
import { writeYaml } from '../../config/yaml.ts'
import { ARGO_CD, moduleFolder } from '../binaries/modules.ts'

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
  return [namespace, ...kept.map((one) => adapted(one, image))].map((one) => writeYaml(one)).join('---\n')
}

function adapted(given: Manifest, image: string): Manifest {
  const manifest = given.kind === 'StatefulSet' ? asDeployment(given) : given
  const { kind, metadata, spec } = manifest
  const template = spec?.template
  return {
    ...manifest,
    metadata: CLUSTER_SCOPED.includes(kind) ? metadata : { ...metadata, namespace: ARGO_CD_NAMESPACE },
    ...(metadata.name === 'argocd-cm' ? { data: { ...manifest.data, ...SETTINGS } } : {}),
    ...(spec && template ? { spec: { ...spec, template: withImage(template, image) } } : {}),
  }
}

/**
 * Its controller keeps nothing, and is a StatefulSet for the sake of many clusters. The pod of one stays on a dead PC
 * until that is back, and nothing is delivered meanwhile; Argo CD has the same as a Deployment
 * (`manifests/base/application-controller-deployment`).
 */
function asDeployment({ spec, ...manifest }: Manifest): Manifest {
  const { serviceName: _, ...rest } = spec ?? {}
  return { ...manifest, kind: 'Deployment', spec: { ...rest, strategy: { type: 'Recreate' } } }
}

/** Argo CD's command line makes the password of its redis; our image has no command line, so the lab makes it. */
const SECRET_MAKER = 'secret-init'

/** The Secret of that password, and its one key. */
export const REDIS_SECRET = { name: 'argocd-redis', key: 'auth' } as const

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
      tolerations: LEAVES_DEAD_PC_LATER,
      containers: spec.containers.map(own),
      ...(spec.initContainers
        ? { initContainers: spec.initContainers.filter(({ name }) => name !== SECRET_MAKER).map(own) }
        : {}),
    },
  }
}
