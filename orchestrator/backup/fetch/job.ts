import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, type ProgramContext } from '../../../service/program.ts'
import { fetchLoan } from '../lend.ts'
import { openFolder, prune } from '../place.ts'
import type { Settings } from './settings.ts'

/** Fetches one, lays it into this PC's place, and removes what it replaces. */
export async function startFetch({ settings, log, clock }: ProgramContext<Settings>): Promise<number> {
  const { copy, copies, scratch } = settings
  const folder = await mkdtemp(join(scratch, 'f-'))
  try {
    const file = join(folder, copy)
    await fetchLoan(settings, file)
    const now = (): number => clock.wall().getTime()
    const place = openFolder(copies, now)
    await place.put(copy, file)
    log.info({ copy }, 'a copy came')
    for (const gone of await prune(place, now()))
      log.info({ name: gone }, 'a copy that newer ones replace was removed')
    return EXIT.done
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
