import { isMassLoss } from '../../service/brake.ts'
import { type DirectoryFinding, finding } from '../findings.ts'
import type { Published } from './facts.ts'

/** Who was missing in a complete pass that was not believed, and since when. */
export interface Suspicion {
  readonly missing: ReadonlySet<string>
  readonly since: Date
}

export interface Guarded {
  /** Whether those who are gone are to be kept for now. */
  readonly hold: boolean
  readonly suspicion: Suspicion | undefined
  readonly findings: readonly DirectoryFinding[]
}

/** Ms. A directory that is restored or restarted at this moment needs a while to be whole again. */
export const DOUBT = 45_000

/**
 * Many people who vanish at once are more likely a broken directory than a change of staff. They are kept until a
 * complete pass later on finds them missing again; whoever is back by then was the proof that waiting was right.
 */
export function holdVanished(
  seen: { readonly gone: readonly Published[]; readonly known: number; readonly complete: boolean },
  before: Suspicion | undefined,
  now: Date,
  doubt = DOUBT,
): Guarded {
  const { gone, complete } = seen
  if (!isMassLoss(gone.length, seen.known))
    return { hold: false, suspicion: complete ? undefined : before, findings: [] }
  const known = before !== undefined && gone.every((one) => before.missing.has(one.slug))
  if (complete && known && now.getTime() - before.since.getTime() >= doubt)
    return { hold: false, suspicion: undefined, findings: [] }
  const missing = new Set(gone.map((one) => one.slug))
  const suspicion = complete ? { missing, since: known ? before.since : now } : before
  const what = `${gone.length} of ${seen.known} people vanished from the directory at once; all are kept for now`
  return { hold: true, suspicion, findings: [finding('ManyVanished', 'identities', what)] }
}
