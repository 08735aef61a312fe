/** The only operation of RFC 6902 that the webhook uses: it adds, and never replaces or removes. */
export interface Addition {
  readonly op: 'add'
  readonly path: string
  readonly value: unknown
}

/** A key as a segment of a JSON pointer (RFC 6901), with its slash. */
export function segment(key: string): string {
  return key.includes('/') || key.includes('~')
    ? `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    : `/${key}`
}

/** Gives the object at a JSON pointer the members that it lacks; makes the object when there is none. */
export function addMembers(
  at: string,
  existing: Readonly<Record<string, unknown>> | null | undefined,
  members: Readonly<Record<string, unknown>>,
): Addition[] {
  if (!existing) return [{ op: 'add', path: at, value: members }]
  return Object.keys(members)
    .filter((key) => existing[key] === undefined || existing[key] === null)
    .map((key) => ({ op: 'add', path: at + segment(key), value: members[key] }))
}

/**
 * Adds items before or behind those of the list at a JSON pointer, in their order; makes the list when there is none,
 * since a place in a list needs one.
 */
export function insert(
  at: string,
  existing: readonly unknown[] | null | undefined,
  items: readonly unknown[],
  place: 'before' | 'behind',
): Addition[] {
  if (items.length === 0) return []
  if (!existing) return [{ op: 'add', path: at, value: items }]
  const [ordered, index] = place === 'before' ? [items.toReversed(), '0'] : [items, '-']
  return ordered.map((value) => ({ op: 'add', path: `${at}/${index}`, value }))
}
