import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'

/** Files that are on their way at this replica: they end with the session that began them. */
export interface Transfers {
  /** Does it; `stop` is called when the session ends before it is done. */
  during<T>(session: Session, stop: () => void, work: () => Promise<T>): Promise<T>
  /** Stops those of sessions that are no longer good. */
  review(): void
}

export function openTransfers({ stillGood }: Pick<Sessions, 'stillGood'>): Transfers {
  const open = new Set<{ readonly session: Session; readonly stop: () => void }>()
  return {
    async during(session, stop, work) {
      const transfer = { session, stop }
      open.add(transfer)
      try {
        return await work()
      } finally {
        open.delete(transfer)
      }
    },
    review() {
      for (const { session, stop } of open) if (!stillGood(session)) stop()
    },
  }
}
