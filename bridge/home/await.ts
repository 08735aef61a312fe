import type { Clock } from '../../service/clock.ts'
import { homeFault, lookAtHome } from './check.ts'

/** Milliseconds that a home which is not right yet is given to become so: its mount may come a moment later. */
const PATIENCE = 20_000
const LOOK = 500

/** Looks until the home is the person's; why it is not, when patience or the signal ends. */
export async function awaitHome(
  { home, entryUUID }: { readonly home: string; readonly entryUUID: string },
  clock: Clock,
  notYet: (fault: string) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const end = clock.now() + PATIENCE
  for (;;) {
    const fault = await lookAtHome(home).then(
      (facts) => homeFault(facts, { uid: process.getuid?.() ?? -1, entryUUID }),
      (error: Error) => `the home cannot be looked at (${error.message})`,
    )
    if (fault === undefined || clock.now() > end || signal.aborted) return fault
    notYet(fault)
    await clock.sleep(LOOK, signal)
  }
}
