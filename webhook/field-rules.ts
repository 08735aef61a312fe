import { type Conflict, type Judged, shown } from './conflict.ts'
import { FIELDS, type FieldDecision } from './fields.ts'
import { isRecord } from './sameness.ts'

/** Every field of the pod's spec is one that somebody decided on, and says what it may. */
export function fields({ spec }: Judged): Conflict[] {
  return below(look(spec, 'PodSpec'), 'spec')
}

/**
 * Goes through an object, or a list of them, with the table that decides its fields. A conflict has its way from here on:
 * ways are put together where there is a conflict alone, since there nearly never is one, and texts cost the most.
 */
function look(value: unknown, table: string): readonly Conflict[] {
  const found: Conflict[] = []
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const inside = look(value[index], table)
      if (inside.length > 0) for (const one of below(inside, `[${index}]`)) found.push(one)
    }
    return found
  }
  if (!isRecord(value)) return found
  const decisions = FIELDS[table] ?? {}
  for (const key of Object.keys(value)) {
    const said = value[key]
    if (!says(said)) continue
    const decision = Object.hasOwn(decisions, key) ? decisions[key] : undefined
    if (decision?.is === 'inside') {
      const inside = look(said, decision.table)
      if (inside.length > 0) for (const one of below(inside, `.${key}`)) found.push(one)
    } else {
      const conflict = fault(said, decision)
      if (conflict) found.push({ path: `.${key}`, ...conflict })
    }
  }
  return found
}

const below = (conflicts: readonly Conflict[], step: string): Conflict[] =>
  conflicts.map((one) => ({ ...one, path: `${step}${one.path}` }))

function fault(
  value: unknown,
  decision: FieldDecision | undefined,
): Pick<Conflict, 'fault' | 'mend'> | undefined {
  if (!decision) {
    return {
      fault: 'is a field that this version of Deskfleet does not know, so nobody decided that it is harmless',
      mend: 'remove it, or update Deskfleet',
    }
  }
  if (decision.is === 'refused') return { fault: decision.why, mend: decision.mend }
  if (decision.is === 'only' && !decision.values.includes(value)) {
    return { fault: `is ${shown(value)}`, mend: decision.mend }
  }
  return undefined
}

/** Null, empty text, and an empty list say nothing; `false` does. */
const says = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)
