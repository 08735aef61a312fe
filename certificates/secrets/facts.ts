import type { Wanted, WantedPlace } from './wanted.ts'

/** What stands at each place now: the values by key, decoded; a place that is absent is empty. */
export type Observed = Readonly<Partial<Record<Wanted, Readonly<Record<string, string>>>>>

/** One thing to make. Nothing that exists is ever changed. */
export type Creation =
  | { readonly kind: 'password'; readonly wanted: Wanted }
  | { readonly kind: 'copy'; readonly wanted: Wanted; readonly data: Readonly<Record<string, string>> }
  /** For a program to fill. */
  | { readonly kind: 'empty'; readonly wanted: Wanted }

/** Something that exists and is not what it should be. Only a person knows which side is right. */
export interface Fault {
  readonly place: WantedPlace
  readonly rule: string
  readonly mend: string
}
