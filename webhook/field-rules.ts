import { type Conflict, type Judged, shown } from './conflict.ts'
import { FIELDS, type FieldDecision } from './fields.ts'
import { isRecord } from './sameness.ts'

/** Every field of the pod's spec is one that somebody decided on, and says what it may. */
export function fields({ spec }: Judged): Conflict[] {
  return below(look(spec, 'PodSpec'), 'spec')
}

/** The tables as maps: asked for a hundred fields of each pod, and for names that are nobody's own as well (`__proto__`). */
const TABLES = new Map(
  Object.entries(FIELDS).map(([name, table]) => [name, new Map(Object.entries(table))] as const),
)
const NONE: readonly Conflict[] = []

/**
 * Goes through an object, or a list of them, with the table that decides its fields. A conflict has its way from here on:
 * ways are put together where there is a conflict alone, since there nearly never is one, and texts cost the most.
 */
function look(value: unknown, table: string): readonly Conflict[] {
  // Made only where there is a conflict, and pushed to: a hostile pod has a hundred thousand.
  let found: Conflict[] | undefined
  const note = (conflicts: readonly Conflict[], step: string): void => {
    found ??= []
    for (const one of below(conflicts, step)) found.push(one)
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const inside = look(value[index], table)
      if (inside.length > 0) note(inside, `[${index}]`)
    }
    return found ?? NONE
  }
  if (!isRecord(value)) return NONE
  const decisions = TABLES.get(table)
  for (const key in value) {
    const said = value[key]
    if (!says(said)) continue
    const decision = decisions?.get(key)
    const conflicts = decision?.is === 'inside' ? look(said, decision.table) : fault(said, decision)
    if (conflicts.length > 0) note(conflicts, `.${key}`)
  }
  return found ?? NONE
}

const below = (conflicts: readonly Conflict[], step: string): Conflict[] =>
  conflicts.map((one) => ({ ...one, path: `${step}${one.path}` }))

function fault(value: unknown, decision: FieldDecision | undefined): readonly Conflict[] {
  if (!decision) {
    const fault =
      'is a field that this version of Deskfleet does not know, so nobody decided that it is harmless'
    return [{ path: '', fault, mend: 'remove it, or update Deskfleet' }]
  }
  if (decision.is === 'refused') return [{ path: '', fault: decision.why, mend: decision.mend }]
  if (decision.is === 'only' && !decision.values.includes(value))
    return [{ path: '', fault: `is ${shown(value)}`, mend: decision.mend }]
  return NONE
}

/** Null, empty text, and an empty list say nothing; `false` does. */
const says = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)
