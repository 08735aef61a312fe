/** An entry of LDIF (RFC 2849). Values are bytes: a hash of a password may end with any of them. */
export interface LdifEntry {
  readonly dn: string
  /** In the order in which they stand; names as they are spelled there. */
  readonly attributes: ReadonlyMap<string, readonly Buffer[]>
}

const SAFE = /^[A-Za-z0-9+/=_.@,{}()$*-]([\x20-\x7e]*[\x21-\x7e])?$/

/** One line, in base64 where that is needed. */
export function ldifLine(name: string, value: Buffer | string): string {
  const text = typeof value === 'string' ? value : value.toString('latin1')
  return SAFE.test(text) ? `${name}: ${text}` : `${name}:: ${Buffer.from(value).toString('base64')}`
}

/** An entry with the empty line that ends it. */
export function writeEntry({ dn, attributes }: LdifEntry): string {
  const lines = [...attributes].flatMap(([name, values]) => values.map((value) => ldifLine(name, value)))
  return `${[ldifLine('dn', dn), ...lines].join('\n')}\n\n`
}

/**
 * Entries as `writeEntry` and slapcat write them: no changes, no values elsewhere (`:<`).
 *
 * @throws Error with the number of the line that is none of LDIF.
 */
export function readEntries(text: string): LdifEntry[] {
  const entries: LdifEntry[] = []
  let entry: { dn: string; attributes: Map<string, Buffer[]> } | undefined
  for (const { line, number } of unfolded(text)) {
    if (line === '') {
      entry = undefined
      continue
    }
    const { name, value } = split(line, number)
    if (entry === undefined) {
      if (name.toLowerCase() !== 'dn') throw new Error(`line ${number} should begin an entry by its dn`)
      entry = { dn: value.toString('utf8'), attributes: new Map() }
      entries.push(entry)
      continue
    }
    const values = entry.attributes.get(name)
    if (values) values.push(value)
    else entry.attributes.set(name, [value])
  }
  return entries
}

/** Lines without comments, those that begin with a space joined to the one before. */
function unfolded(text: string): { line: string; number: number }[] {
  const lines: { line: string; number: number }[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const before = lines.at(-1)
    if (raw.startsWith(' ') && before) before.line += raw.slice(1)
    else lines.push({ line: raw, number: index + 1 })
  }
  return lines.filter(({ line }) => !line.startsWith('#'))
}

function split(line: string, number: number): { name: string; value: Buffer } {
  const parts = /^([A-Za-z0-9;.-]+):(:?) *(.*)$/.exec(line)
  if (!parts) throw new Error(`line ${number} is no line of LDIF`)
  const [, name = '', encoded, value = ''] = parts
  return { name, value: Buffer.from(value, encoded ? 'base64' : 'latin1') }
}

/** The first value of an attribute, whatever its spelling, as text. */
export const textOf = (entry: LdifEntry, name: string): string | undefined =>
  valuesOf(entry, name)[0]?.toString('utf8')

export function valuesOf({ attributes }: LdifEntry, name: string): readonly Buffer[] {
  const exact = attributes.get(name)
  if (exact) return exact
  const wanted = name.toLowerCase()
  return [...attributes].find(([one]) => one.toLowerCase() === wanted)?.[1] ?? []
}

export const isOfClass = (entry: LdifEntry, objectClass: string): boolean =>
  valuesOf(entry, 'objectClass').some(
    (one) => one.toString('utf8').toLowerCase() === objectClass.toLowerCase(),
  )
