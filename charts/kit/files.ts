import { writeYaml } from '../../config/yaml.ts'
import type { KubeObject, Rendered } from './rendered.ts'

const HEADER =
  '# Made from cluster.yaml by `npm run synth`. Nobody edits it: the next synth would undo the edit.\n'

/** The path of an object in `dist/`: `app/Kind.namespace.name.yaml`; no two objects share one. */
export function pathOf({ app, object }: Rendered): string {
  const { namespace, name } = object.metadata
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : 'core'
  const kind = AMBIGUOUS.has(object.kind) ? `${object.kind}.${group}` : object.kind
  return `${app}/${[kind, namespace, name].filter((part) => part !== undefined).join('.')}.yaml`
}

/** Kinds that two API groups have. */
const AMBIGUOUS = new Set(['Kustomization'])

export const textOf = (object: KubeObject): string => HEADER + writeYaml(object)

/** Everything that `dist/` holds: path to text, in the order of paths. */
export function filesOf(rendered: readonly Rendered[]): ReadonlyMap<string, string> {
  return new Map(
    rendered
      .map((item): [string, string] => [pathOf(item), textOf(item.object)])
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  )
}
