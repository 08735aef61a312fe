import type { Logger } from 'pino'
import { reasonOf } from '../../cluster/answer.ts'
import { BEGUN_WITH_PASSWORD } from '../../config/labels.ts'
import type { Desktop } from './desktop.ts'
import type { DesktopStore } from './store.ts'

/** A desktop goes on that was begun with an earlier password: its person has logged in with the new one. */
export async function entered(
  { store, log }: { readonly store: DesktopStore; readonly log: Logger },
  desktop: Desktop,
  passwordSet: string,
): Promise<void> {
  const { slug, passwordSet: before } = desktop
  if (before !== undefined && before >= passwordSet) return
  await store.annotate(slug, { [BEGUN_WITH_PASSWORD]: passwordSet }).catch((error: unknown) => {
    log.warn({ slug, reason: reasonOf(error) }, 'a desktop does not know yet that its person came back')
  })
}
