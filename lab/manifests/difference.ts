import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Document, isMap, isScalar, isSeq, visit } from 'yaml'
import { PREFIX } from '../../config/labels.ts'

/** What the API server writes into every object by itself: of no interest in a comparison. */
const BOOKKEEPING = ['creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'uid']

interface Pod {
  readonly metadata?: Readonly<Record<string, unknown>> & {
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: Readonly<Record<string, unknown>>
}

/** Defaults that Kubernetes fills in for every pod, with or without a person. */
const DEFAULTS = new Set([
  'dnsPolicy',
  'enableServiceLinks',
  'preemptionPolicy',
  'priority',
  'restartPolicy',
  'schedulerName',
  'serviceAccount',
  'serviceAccountName',
  'terminationGracePeriodSeconds',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'tolerations',
  'resources',
])

/**
 * The pod as admission made it, without what every pod gets and with the fields of `written` in their order, so
 * that a comparison shows what admission gave to this one.
 */
export function withoutDefaults(pod: Pod, written: object): object {
  const { metadata = {}, spec = {} } = pod
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(PREFIX))
  const kept = Object.entries(metadata).filter(([key]) => !BOOKKEEPING.includes(key) && key !== 'annotations')
  const plain = {
    metadata: { ...Object.fromEntries(kept), annotations: Object.fromEntries(annotations) },
    spec: withoutKeys(spec),
  }
  return { apiVersion: 'v1', kind: 'Pod', ...ordered(plain, written) }
}

/** The same value, the keys that `model` has first and in its order. */
function ordered(value: unknown, model: unknown): object {
  if (!isRecord(value)) return {}
  const known = isRecord(model) ? Object.keys(model).filter((key) => Object.hasOwn(value, key)) : []
  const keys = [...known, ...Object.keys(value).filter((key) => !known.includes(key))]
  return Object.fromEntries(
    keys.map((key) => {
      const [inner, like] = [value[key], isRecord(model) ? model[key] : undefined]
      if (Array.isArray(inner)) {
        return [
          key,
          inner.map((item, index) =>
            isRecord(item) ? ordered(item, Array.isArray(like) ? like[index] : {}) : item,
          ),
        ]
      }
      return [key, isRecord(inner) ? ordered(inner, like) : inner]
    }),
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function withoutKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutKeys)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !DEFAULTS.has(key))
      .map(([key, inner]) => [key, withoutKeys(inner)]),
  )
}

/** What reads better on one line: `- { name: HOME, value: /home/ada }`. */
const BRIEF = new Set([
  'env',
  'volumeMounts',
  'items',
  'capabilities',
  'seccompProfile',
  'persistentVolumeClaim',
])

function briefly(object: object): string {
  const document = new Document(object)
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !BRIEF.has(String(key.value))) return
      for (const node of isSeq(value) ? value.items : [value]) if (isMap(node)) node.flow = true
    },
  })
  return document.toString({ lineWidth: 0 })
}

/** Two objects as YAML in one text: `  ` before what both have, `+ ` and `- ` before what one has. */
export function difference(before: object, after: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'deskfleet-diff-'))
  try {
    const files = [before, after].map((object, index) => {
      const file = join(folder, `${index}.yaml`)
      writeFileSync(file, briefly(object))
      return file
    })
    const format = ['--unchanged-line-format=  %L', '--old-line-format=- %L', '--new-line-format=+ %L']
    return spawnSync('diff', [...format, ...files], { encoding: 'utf8' }).stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
