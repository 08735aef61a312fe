import { createRequire } from 'node:module'
import { displayName, factsOf, type KubeObject, kindOf } from '../rendered.ts'
import { about, type Policy } from './policy.ts'

/** Kinds are known, scopes are right, names are unique and usable as file names. */
export const names: Policy = (rendered) => {
  const seen = new Map<string, string>()
  return rendered.flatMap((item) => {
    const { object } = item
    const facts = factsOf(object)
    if (facts === undefined) {
      return [
        about(item, '', {
          what: `${kindOf(object)} is no known kind`,
          rule: 'the generator checks only kinds that it knows',
          mend: 'add the kind to charts/kit/kinds.ts, or correct its apiVersion',
        }),
      ]
    }
    const findings = []
    const { namespace, name } = object.metadata
    if ((facts.scope === 'namespace') !== (namespace !== undefined)) {
      findings.push(
        about(item, 'metadata.namespace', {
          what: namespace === undefined ? 'it has no namespace' : `it has the namespace ${namespace}`,
          rule: `a ${object.kind} belongs to ${facts.scope === 'cluster' ? 'no' : 'a'} namespace`,
          mend: namespace === undefined ? 'add metadata.namespace' : 'take metadata.namespace out',
        }),
      )
    }
    if (typeof name !== 'string' || !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) {
      findings.push(
        about(item, 'metadata.name', {
          what: `its name is ${JSON.stringify(name)}`,
          rule: 'a name is small letters, digits, hyphens and dots',
          mend: 'give it an explicit metadata.name',
        }),
      )
    }
    const identity = `${object.apiVersion.split('/')[0]} ${displayName(object)}`
    const first = seen.get(identity)
    if (first !== undefined) {
      findings.push(
        about(item, '', {
          what: `it is also made at ${first}`,
          rule: 'an object is made once',
          mend: 'rename one, or delete one',
        }),
      )
    }
    seen.set(identity, item.origin)
    return findings
  })
}

interface Attribute {
  readonly name: string
  readonly baseName: string
  readonly type: string
}

const require = createRequire(import.meta.url)
const models = new Map<string, readonly Attribute[] | undefined>()

/** The fields of a class of client-node: only the files of the kinds in use are loaded, since all take 0.15 s. */
function attributesOf(model: string): readonly Attribute[] | undefined {
  if (!models.has(model)) {
    let attributes: readonly Attribute[] | undefined
    if (/^[A-Z][A-Za-z0-9]+$/.test(model) && model !== 'Date' && model !== 'IntOrString') {
      const loaded: Record<string, { getAttributeTypeMap?: () => Attribute[] }> = require(
        `@kubernetes/client-node/dist/gen/models/${model}.js`,
      )
      attributes = loaded[model]?.getAttributeTypeMap?.()
    }
    models.set(model, attributes)
  }
  return models.get(model)
}

/** Fields that Kubernetes does not know: the API server would refuse or, worse, drop them. */
export const fields: Policy = (rendered) =>
  rendered.flatMap((item) => {
    const model = factsOf(item.object)?.model
    if (model === undefined) return []
    return unknownFields(item.object, model, '').map((path) =>
      about(item, path, {
        what: 'Kubernetes knows no such field',
        rule: `a ${item.object.kind} has the fields of ${item.object.apiVersion}`,
        mend: 'correct its spelling or its place',
      }),
    )
  })

/** The paths in `value` that the model does not have. Exported for the desktops that the gateway renders. */
export function unknownFields(value: unknown, type: string, path: string): string[] {
  const list = /^Array<(.+)>$/.exec(type)?.[1]
  if (list !== undefined) {
    if (!Array.isArray(value)) return [path]
    return value.flatMap((item, index) => unknownFields(item, list, `${path}[${index}]`))
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1]
  if (map !== undefined) {
    if (!isRecord(value)) return [path]
    return Object.entries(value).flatMap(([key, item]) => unknownFields(item, map, `${path}.${key}`))
  }
  if (type === 'string' || type === 'boolean' || type === 'number') {
    return typeof value === type || (type === 'number' && Number.isInteger(value)) ? [] : [path]
  }
  const attributes = attributesOf(type)
  if (attributes === undefined) return []
  if (!isRecord(value)) return [path]
  return Object.entries(value).flatMap(([key, item]) => {
    const at = path === '' ? key : `${path}.${key}`
    const attribute = attributes.find(({ baseName }) => baseName === key)
    return attribute === undefined ? [at] : unknownFields(item, attribute.type, at)
  })
}

const isRecord = (value: unknown): value is KubeObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
