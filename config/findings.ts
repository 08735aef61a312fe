/** Something wrong, with what its reader needs to put it right. */
export interface Finding {
  /** `error` stops the work; `warning` is only shown. */
  readonly severity: 'error' | 'warning'
  /** Where: `cluster.yaml:12`, or the path of an object in the charts. */
  readonly where: string
  /** What was found there. */
  readonly what: string
  /** What must hold instead. */
  readonly rule: string
  /** What to do about it. */
  readonly mend: string
}

/** One finding as one line: `WHERE: what; rule; mend`. */
export function sentence({ severity, where, what, rule, mend }: Finding): string {
  return `${where}: ${severity === 'warning' ? 'warning: ' : ''}${what}; ${rule}; ${mend}`
}

/** A value or everything that stands in its way: never an exception for what a person wrote. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly findings: readonly Finding[] }
