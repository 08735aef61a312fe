import { type Document, isMap, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml'
import type { Finding } from '../../config/findings.ts'
import { firstLine, type SourceFile } from '../../config/source.ts'
import type { KubeObject } from '../kit/rendered.ts'

export interface Manifests {
  readonly objects: readonly KubeObject[]
  readonly findings: readonly Finding[]
}

/** The Kubernetes objects of a file of YAML: documents one after the other, empty ones left out, lists taken apart. Pure. */
export function readManifests({ name, text }: SourceFile): Manifests {
  const lines = new LineCounter()
  const objects: KubeObject[] = []
  const findings: Finding[] = []
  const wrong = (at: number, what: string, rule: string, mend: string): void => {
    findings.push({ severity: 'error', where: `${name}:${lines.linePos(at).line}`, what, rule, mend })
  }
  const take = (value: unknown, at: number): void => {
    if (isObject(value)) objects.push(value)
    else wrong(at, 'it is no Kubernetes object', OBJECT_RULE, 'add what is missing, or delete it')
  }
  for (const document of parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })) {
    if (!('contents' in document)) continue
    const [error] = document.errors
    if (error) {
      wrong(error.pos[0], firstLine(error.message), 'the file must be YAML', 'mend the line')
      continue
    }
    const { contents } = document
    // A file that begins with `---`, or a part of a Helm chart that renders nothing.
    const value = resolved(document)
    if (contents === null || value === null) continue
    const at = contents.range?.[0] ?? 0
    if (value instanceof Error) {
      wrong(
        at,
        firstLine(value.message),
        'a file says each thing once',
        'write the values out instead of *aliases',
      )
    } else if (isList(value)) {
      for (const [index, item] of value.items.entries()) take(item, itemAt(contents, index) ?? at)
    } else take(value, at)
  }
  return { objects, findings }
}

const OBJECT_RULE = 'each document has apiVersion, kind and metadata.name'

/** Aliases of aliases (a "YAML bomb") are refused by the parser when they are resolved. */
function resolved(document: Document.Parsed): unknown {
  try {
    return document.toJS()
  } catch (error) {
    return error
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isObject = (value: unknown): value is KubeObject =>
  isRecord(value) &&
  typeof value.apiVersion === 'string' &&
  typeof value.kind === 'string' &&
  isRecord(value.metadata) &&
  typeof value.metadata.name === 'string'

/** What `kubectl get -o yaml` and some charts write. */
const isList = (value: unknown): value is { readonly items: readonly unknown[] } =>
  isRecord(value) && value.apiVersion === 'v1' && value.kind === 'List' && Array.isArray(value.items)

function itemAt(contents: ParsedNode, index: number): number | undefined {
  const items = isMap(contents) ? contents.get('items', true) : undefined
  const item = isSeq(items) ? (items.items[index] as ParsedNode | undefined) : undefined
  return item?.range?.[0]
}
