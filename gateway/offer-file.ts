import { readFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { reasonOf } from '../cluster/answer.ts'
import type { Clock } from '../service/clock.ts'
import { turns } from '../service/turns.ts'
import { type Offer, readOffer } from './offer.ts'

const LOOK_EVERY = 10_000

/**
 * The offer as it is mounted, read anew every ten seconds until the signal aborts. One that cannot be read later on
 * leaves the last.
 *
 * @throws when it cannot be read at the start.
 */
export async function followOffer(
  file: string,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<() => Offer> {
  const read = async (): Promise<Offer> => readOffer(await readFile(file, 'utf8'))
  let offer = await read()
  const rhythm = {
    rest: () => LOOK_EVERY,
    failed: (error: unknown) =>
      log.error({ reason: reasonOf(error) }, 'what is offered could not be read; the last offer stays'),
  }
  void turns(clock, rhythm, signal, async () => {
    offer = await read()
  })
  return () => offer
}
