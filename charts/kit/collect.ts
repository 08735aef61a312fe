import { ApiObject, App, Chart } from 'cdk8s'
import { MANAGED_BY, NAME, PART_OF } from '../../config/labels.ts'
import type { KubeObject, Rendered } from './rendered.ts'

/** One app: a name (its folder of `dist/`) and what fills its chart. */
export interface AppSource {
  readonly name: string
  readonly build: (chart: Chart) => void
}

/**
 * Builds every app in one cdk8s App and takes the objects out. Order between apps is not cdk8s' business:
 * its chart dependencies take exponential time (8 in a row: 11 s), so `charts/apps.ts` keeps the order.
 */
export function collect(apps: readonly AppSource[]): Rendered[] {
  const app = new App()
  return apps.flatMap(({ name, build }) => {
    const chart = new Chart(app, name, { disableResourceNameHashes: true, labels: labelsOf(name) })
    build(chart)
    // Not chart.apiObjects: it leaves out what constructs of cdk8s-plus-28 hold inside.
    const objects = chart.node.findAll().filter((node) => ApiObject.isApiObject(node))
    return objects.map((object) => ({ app: name, origin: object.node.path, object: plain(object) }))
  })
}

const labelsOf = (app: string) => ({
  [NAME]: app,
  [PART_OF]: 'deskfleet',
  [MANAGED_BY]: 'deskfleet-synth',
})

/** The object as JSON in the order that people read: what it is, who it is, what it says. */
function plain(source: ApiObject): KubeObject {
  const { apiVersion, kind, metadata, ...rest }: KubeObject = source.toJson()
  return { apiVersion, kind, metadata, ...withoutNoise(kind, rest) }
}

/** cdk8s-plus-28 writes defaults out; left in, the API server drops or keeps them for no one's use. */
function withoutNoise(kind: string, rest: Record<string, unknown>): Record<string, unknown> {
  if (kind !== 'ConfigMap' || rest.immutable !== false) return rest
  const { immutable: _, ...kept } = rest
  return kept
}
