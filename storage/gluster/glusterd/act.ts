import type { Clock } from '../../../service/clock.ts'
import type { Change, Intent } from '../plan/facts.ts'
import type { Answer, Gluster } from './call.ts'
import { type Command, commandsOf } from './commands.ts'

export interface Hands {
  readonly gluster: Gluster
  readonly clock: Clock
  readonly volume: string
  /** Sets the mtime of the volume's root to now, through a client. */
  readonly touchRoot: () => Promise<void>
}

/** Above the longest that glusterd takes for one after a peer died: it gives up on a peer that is off after about 20 s. */
const SECONDS = 60
const BUSY = { patience: 60_000, pause: 1_000 }

/**
 * Asks Gluster for one change; never rejects. What it answers is what somebody said, and no more: whether the change is
 * so is read anew from the facts that follow (`intent.ts`), for a success may have done nothing, and what was refused
 * may have been done before, and its reply lost.
 */
export async function act(change: Change, hands: Hands): Promise<Intent['answer']> {
  try {
    if (change.change === 'touch-root') await hands.touchRoot()
    for (const command of commandsOf(hands.volume, change)) {
      const answer = await untilFree(command, hands)
      if (answer.is === 'lost') return undefined
      if (answer.is !== 'done') return { refused: answer.why }
    }
    return 'accepted'
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) }
  }
}

async function untilFree(command: Command, { gluster, clock }: Hands): Promise<Answer> {
  for (const since = clock.now(); ; await clock.sleep(BUSY.pause)) {
    const answer = await gluster(command, SECONDS)
    if (answer.is !== 'busy' || clock.now() - since > BUSY.patience) return answer
  }
}
