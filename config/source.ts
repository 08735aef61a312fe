import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
import type { Finding } from './findings.ts'

/** A file as it was read: what messages call it, and its text. */
export interface SourceFile {
  readonly name: string
  readonly text: string
}

/** The place of a value: keys and list indexes from the top. */
export type Path = readonly PropertyKey[]

/** Where a path stands in the files: `cluster.yaml:12`; `key` asks for the key rather than its value. */
export type Locate = (path: Path, key?: boolean) => string

/** A YAML file whose every value still knows its line. */
export interface Source {
  readonly name: string
  readonly document: Document
  readonly lines: LineCounter
}

export function parseSource({ name, text }: SourceFile): Source {
  const lines = new LineCounter()
  return { name, document: parseDocument(text, { lineCounter: lines, prettyErrors: false }), lines }
}

/** What to do about each mistake of YAML itself; the rest get the last line. */
const SYNTAX: Readonly<Record<string, readonly [rule: string, mend: string]>> = {
  DUPLICATE_KEY: ['a key may stand once in its section', 'delete one of the two'],
  TAB_AS_INDENT: ['YAML is indented by spaces, never by tabs', 'replace the tab by two spaces'],
  BAD_INDENT: ['lines of one section begin in the same column', 'indent this line like its neighbours'],
  MISSING_CHAR: ['quotes and brackets come in pairs', 'add the one that is missing'],
}

/** Mistakes of YAML itself, and a file that holds no settings at all. */
export function syntaxFindings({ name, document, lines }: Source): Finding[] {
  const findings = [...document.errors].map((error: YAMLError): Finding => {
    const [rule, mend] = SYNTAX[error.code] ?? ['the file must be YAML', 'mend the line']
    const key = error.code === 'DUPLICATE_KEY' ? keyAt(document, error.pos[0]) : undefined
    const what = key === undefined ? firstLine(error.message) : `"${key}" stands here a second time`
    return { severity: 'error', where: `${name}:${lines.linePos(error.pos[0]).line}`, what, rule, mend }
  })
  if (findings.length > 0) return findings
  const tagged = tagFindings(document, name, lines)
  if (tagged.length > 0) return tagged
  if (isMap(document.contents)) return bombFindings(document, name)
  const empty =
    document.contents === null || (isScalar(document.contents) && document.contents.value === null)
  return [
    {
      severity: 'error',
      where: `${name}:1`,
      what: empty ? 'the file is empty' : 'the file holds no settings',
      rule: 'it must hold at least the domain of the room',
      mend: 'begin it with a line such as domain: room.example.org',
    },
  ]
}

/** Tags of YAML (`!!set`, `!!binary`): no setting has one. */
function tagFindings(document: Document, name: string, lines: LineCounter): Finding[] {
  const findings: Finding[] = []
  visit(document, {
    Node(_, node) {
      if (node.tag === undefined) return
      const where = `${name}:${lines.linePos(node.range?.[0] ?? 0).line}`
      const rule = 'settings are plain texts, numbers, lists and sections'
      findings.push({
        severity: 'error',
        where,
        what: `a value has the tag ${node.tag}`,
        rule,
        mend: 'delete the tag',
      })
    },
  })
  return findings
}

/** Aliases of aliases of aliases (a "YAML bomb"): a few lines that would fill the memory. */
function bombFindings(document: Document, name: string): Finding[] {
  try {
    document.toJS()
    return []
  } catch (error) {
    const what = error instanceof Error ? firstLine(error.message) : 'its aliases cannot be resolved'
    const rule = 'a settings file says each thing once'
    return [
      {
        severity: 'error',
        where: `${name}:1`,
        what,
        rule,
        mend: 'write the values out instead of &anchors and *aliases',
      },
    ]
  }
}

/** What a parser says, without the place that it repeats below. */
export const firstLine = (message: string): string => (message.split('\n')[0] ?? message).replace(/[.:]$/, '')

/** The key that begins at a position of the text. */
function keyAt(document: Document, position: number): string | undefined {
  let found: string | undefined
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key) || key.range?.[0] !== position) return undefined
      found = String(key.value)
      return visit.BREAK
    },
  })
  return found
}

/** `FILE:LINE` of a path: of the last file that has it, else of its nearest parent. */
export function locate(sources: readonly Source[], path: Path, key = false): string {
  for (let length = path.length; length > 0; length--) {
    for (const { name, document, lines } of [...sources].reverse()) {
      const position = positionOf(document, path.slice(0, length), key)
      if (position !== undefined) return `${name}:${lines.linePos(position).line}`
    }
  }
  return `${sources[0]?.name ?? 'cluster.yaml'}:1`
}

/** How a single value is written in the last file that has it, before YAML makes a number or a boolean of it. */
export function writtenAt(sources: readonly Source[], path: Path): string | undefined {
  for (const { document } of [...sources].reverse()) {
    const node: unknown = document.getIn(path, true)
    if (isScalar(node)) return node.source
  }
  return undefined
}

function positionOf(document: Document, path: Path, key: boolean): number | undefined {
  const last = path[path.length - 1]
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (isMap(parent)) {
    const pair = parent.items.find(({ key: name }) => isScalar(name) && String(name.value) === String(last))
    if (pair === undefined) return undefined
    if (!key && isNode(pair.value) && pair.value.range && isScalar(pair.value)) return pair.value.range[0]
    return isScalar(pair.key) ? pair.key.range?.[0] : undefined
  }
  const node: unknown = document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}
