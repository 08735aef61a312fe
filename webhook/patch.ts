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

/** Appends to the list at a JSON pointer; makes the list when there is none, for `-` needs one to append to. */
export function append(
  at: string,
  existing: readonly unknown[] | null | undefined,
  items: readonly unknown[],
): Addition[] {
  if (items.length === 0) return []
  if (!existing) return [{ op: 'add', path: at, value: items }]
  return items.map((value) => ({ op: 'add', path: `${at}/-`, value }))
}
