import type { Logger } from 'pino'
import { reasonOf } from '../../cluster/answer.ts'
import { hasHome, type KnownPerson } from '../cluster/person.ts'
import { type Offer, templatesFor } from '../offer.ts'
import type { DesktopStore } from './store.ts'

export interface AskParts {
  readonly store: DesktopStore
  readonly offer: () => Offer
  readonly log: Logger
}

/** Where there is nothing to choose, a desktop comes without being asked for once more. @returns whether it was asked for */
export async function askForOnly({ store, offer, log }: AskParts, person: KnownPerson): Promise<boolean> {
  const [only, ...others] = templatesFor(offer(), person.identity)
  if (!only || others.length > 0 || !hasHome(person, offer())) return false
  try {
    return 'asked' in (await store.ask(person.identity, only))
  } catch (error) {
    const slug = person.identity.metadata.name
    log.warn({ slug, reason: reasonOf(error) }, 'a desktop could not be asked for at login')
    return false
  }
}
