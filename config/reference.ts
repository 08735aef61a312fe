/** What of a JSON Schema the page shows. */
interface Setting {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly { readonly const?: unknown }[]
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Setting>>
  readonly items?: Setting
  /** Sections of several kinds; all that they have in common is the same. */
  readonly oneOf?: readonly Setting[]
}

/** `docs/configuration.md`, made from the schema, so that the page and the program cannot disagree. */
export function referencePage(schema: Setting): string {
  const rows = [...settings(schema, '')].map(
    ([path, setting]) =>
      `| \`${path}\` | ${values(setting)} | ${standard(setting)} | ${setting.description ?? ''} |`,
  )
  return `${HEAD}${rows.join('\n')}\n${FOOT}`
}

const HEAD = `# What an administrator may decide

Everything stands in \`cluster.yaml\`; only \`domain\` has no default. An editor that reads JSON Schema (by the
first line of the file) completes and checks it while you type. After a change, \`npm run plan\` shows what it does
and what could hurt, \`npm run synth\` writes \`dist/\`, and \`git commit\` delivers it. A mistake stops the synth
before anything is written, with the line and the mend; all mistakes are shown at once.

This page is made from the schema by \`npm run synth\`.

| setting | values | default | what it is |
| --- | --- | --- | --- |
`

const FOOT = `
## Overlays

\`npm run synth -- --overlay site.yaml --out /tmp/site\` lays a second file over \`cluster.yaml\`: sections merge,
lists and single values are replaced. A site that shares one repository with others, or a laboratory, keeps its
differences in a file of its own that way.
`

function* settings(schema: Setting, path: string): Generator<[path: string, setting: Setting]> {
  if (schema.items !== undefined) yield* settings(schema.items, `${path}[]`)
  for (const [key, setting] of Object.entries(schema.properties ?? ofAllKinds(schema.oneOf ?? []))) {
    const at = path === '' ? key : `${path}.${key}`
    yield [at, setting]
    yield* settings(setting, at)
  }
}

/** The settings of every kind, each once; the words of `kind` are those of all. */
function ofAllKinds(kinds: readonly Setting[]): Readonly<Record<string, Setting>> {
  const words = kinds.map(({ properties }) => properties?.kind?.const)
  const settings: Record<string, Setting> = {}
  for (const { properties = {} } of kinds) {
    for (const [key, setting] of Object.entries(properties)) {
      settings[key] ??= key === 'kind' ? { ...setting, enum: words } : setting
    }
  }
  return settings
}

function values({ enum: words, anyOf, minimum, maximum, properties, oneOf, items, type }: Setting): string {
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ')
  if (anyOf !== undefined) return anyOf.map((option) => `\`${option.const}\``).join(', ')
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  if (properties !== undefined || oneOf !== undefined) return 'section'
  if (items !== undefined) return 'list'
  return type === 'object' ? 'keys with values' : 'text'
}

function standard({ default: value, properties, oneOf }: Setting): string {
  if (value === undefined || properties !== undefined || oneOf !== undefined) return ''
  return `\`${typeof value === 'object' ? JSON.stringify(value) : String(value)}\``
}
