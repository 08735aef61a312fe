import { cut } from '../config/cut.ts'
import type { Belongings } from '../desktop/belongings.ts'
import type { Placed, Pod } from './pod.ts'

/** One place where a pod says otherwise than its person: where, what is wrong, what to do. */
export interface Conflict {
  readonly path: string
  readonly fault: string
  readonly mend: string
}

/** What a rule looks at: the pod, all its containers, and what its person's pod must carry. */
export interface Judged {
  readonly pod: Pod
  /** The spec as it came, with the members that no rule reads. */
  readonly spec: unknown
  readonly containers: readonly Placed[]
  readonly own: Belongings
}

export type Rule = (judged: Judged) => Conflict[]

const MOST_SHOWN = 40
const LONGEST_VALUE = 80

/** A value of the pod as it may stand in a message: JSON, so on one line, and cut. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > LONGEST_VALUE ? `${cut(text, LONGEST_VALUE)}…` : text
}

/** No conflict when nothing is said or the wanted is said. */
export function differs(at: string, field: string, found: unknown, wanted: unknown): Conflict[] {
  if (found === undefined || found === null || found === wanted) return NONE
  const fault = `is ${shown(found)}, not ${shown(wanted)}`
  return [{ path: `${at}.${field}`, fault, mend: 'leave it out; it is set for you' }]
}

/** A conflict when the condition holds; nearly always it does not, so its words are made only then. */
export function when(condition: boolean, conflict: () => Conflict): Conflict[] {
  return condition ? [conflict()] : NONE
}

const NONE: Conflict[] = []

/** All conflicts of a pod as one text, a line each. */
export function conflictMessage(slug: string, conflicts: readonly Conflict[]): string {
  const lines = conflicts.slice(0, MOST_SHOWN).map(({ path, fault, mend }) => `- ${path} ${fault}: ${mend}`)
  const rest = conflicts.length - lines.length
  if (rest > 0) lines.push(`- and ${rest} more`)
  const count = conflicts.length === 1 ? 'one field conflicts' : `${conflicts.length} fields conflict`
  return [`This pod cannot run as ${slug}: ${count} with who ${slug} is.`, ...lines].join('\n')
}
