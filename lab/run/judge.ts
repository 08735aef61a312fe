import type { ProcessIdentity } from './processes.ts'
import type { RunRecord, Started } from './record.ts'

/** What `up` does about whatever stands under the name that it was given. */
export type Step =
  | { readonly do: 'begin' | 'keep' }
  /** Something half or dead is in the way. */
  | { readonly do: 'clear'; readonly because: string }
  /** A run of another kind is in the way; `because` names the kind. */
  | { readonly do: 'refuse'; readonly because: string }

/** @param found kind of the run that is there, by its record; undefined without one, or when it cannot be read */
export function decide(
  kind: string,
  found: string | undefined,
  fault: string | undefined,
  exists: boolean,
): Step {
  if (!exists) return { do: 'begin' }
  if (found !== undefined && found !== kind) return { do: 'refuse', because: found }
  return fault === undefined ? { do: 'keep' } : { do: 'clear', because: fault }
}

/** Why a run of that kind is not what its record promises, as far as record and processes tell; undefined when it is. */
export function faultIn(
  record: RunRecord,
  kind: string,
  alive: (process: ProcessIdentity) => boolean,
  running: (started: Started) => boolean,
): string | undefined {
  if (record.kind !== kind) return `it is a ${record.kind}`
  if (record.owner && !alive(record.owner)) return `its owner, process ${record.owner.pid}, is gone`
  if (record.phase !== 'ready') return 'it was never finished'
  const dead = record.processes.filter((one) => !one.guest && !running(one)).map((one) => one.id)
  return dead.length === 0 ? undefined : `${dead.join(', ')} ended`
}
