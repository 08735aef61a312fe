import { type Finding, finding } from '../findings.ts'
import type { Published } from './observe.ts'

/** Who was missing in a complete pass that was not believed, and since when. */
export interface Suspicion {
  readonly missing: ReadonlySet<string>
  readonly since: Date
}

export interface Guarded {
  /** Whether those who are gone are to be kept for now. */
  readonly hold: boolean
  readonly suspicion: Suspicion | undefined
  readonly findings: readonly Finding[]
}

/** So few may go at once without question, in however small a room. */
const FEW = 3
/** As may this part of everybody. */
const PART = 1 / 5

/**
 * Many people who vanish at once are more likely a broken directory than a change of staff. They are kept until a
 * second complete pass finds them missing again; whoever is back by then was the proof that waiting was right.
 */
export function holdVanished(
  seen: { readonly gone: readonly Published[]; readonly known: number; readonly complete: boolean },
  before: Suspicion | undefined,
  now: Date,
): Guarded {
  const { gone, known, complete } = seen
  const many = gone.length > FEW && gone.length > known * PART
  if (!many) return { hold: false, suspicion: complete ? undefined : before, findings: [] }
  const agreed = complete && before && gone.every((one) => before.missing.has(one.slug))
  if (agreed) return { hold: false, suspicion: undefined, findings: [] }
  const missing = new Set(gone.map((one) => one.slug))
  const suspicion = complete ? { missing, since: now } : before
  const what = `${gone.length} of ${known} people vanished from the directory at once; all are kept for now`
  return { hold: true, suspicion, findings: [finding('ManyVanished', 'identities', what)] }
}
