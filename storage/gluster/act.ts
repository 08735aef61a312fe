import type { Clock } from '../../service/clock.ts'
import type { Answer, Gluster } from './call.ts'
import { type Command, commandsOf } from './commands.ts'
import type { Change } from './facts.ts'
import { observe, type Part, type Told } from './observe.ts'
import { isSeen, partsOf } from './seen.ts'

/** What came of a change. */
export type Outcome =
  /** It was read back afterwards: it is so. */
  | { readonly is: 'seen' }
  /** Gluster did not do it, and says why. */
  | { readonly is: 'refused'; readonly why: string }
  /** It may have been done, or be done yet: only a later look can tell. */
  | { readonly is: 'unsure'; readonly why: string }

export interface Hands {
  readonly gluster: Gluster
  readonly clock: Clock
  /** This PC, by its name in the pool. */
  readonly me: string
  readonly volume: string
  /** Sets the mtime of the volume's root to now, through a client. */
  readonly touchRoot: () => Promise<void>
}

/** Above the longest that glusterd takes for one after a peer died: it gives up on a peer that is off after about 20 s. */
const SECONDS = 60
const BUSY = { patience: 60_000, pause: 1_000 }
/** A brick that was started takes a moment to be one that runs. */
const SEEING = { patience: 20_000, pause: 500 }

/** Carries one change out and reads it back; never rejects. What Gluster calls a success and nobody sees is none. */
export async function act(change: Change, hands: Hands): Promise<Outcome> {
  try {
    if (change.change === 'touch-root') await hands.touchRoot()
    return await ask(change, hands)
  } catch (error) {
    return { is: 'refused', why: error instanceof Error ? error.message : String(error) }
  }
}

async function ask(change: Change, hands: Hands): Promise<Outcome> {
  let answer: Answer | undefined
  for (const command of commandsOf(hands.volume, change)) {
    answer = await untilFree(command, hands)
    if (answer.is !== 'done') break
  }
  const failed = answer === undefined || answer.is === 'done' ? undefined : answer
  // Also after a refusal: "it exists already" is the answer to what was done before, and its reply lost.
  if (await becomesSeen(change, hands, failed?.is !== 'refused')) return outcomeOf(change, failed)
  if (failed?.is === 'refused') return failed
  return { is: 'unsure', why: failed?.why ?? 'Gluster says that it is done, and it is not to be seen' }
}

/** Of some changes nothing can be seen: then the answer alone counts. */
function outcomeOf(change: Change, failed: Exclude<Answer, { is: 'done' }> | undefined): Outcome {
  if (failed === undefined || partsOf(change).length > 0) return { is: 'seen' }
  return { is: failed.is === 'refused' ? 'refused' : 'unsure', why: failed.why }
}

async function untilFree(command: Command, { gluster, clock }: Hands): Promise<Answer> {
  for (const since = clock.now(); ; await clock.sleep(BUSY.pause)) {
    const answer = await gluster(command, SECONDS)
    if (answer.is !== 'busy' || clock.now() - since > BUSY.patience) return answer
  }
}

async function becomesSeen(change: Change, hands: Hands, again: boolean): Promise<boolean> {
  const parts: readonly Part[] = partsOf(change)
  for (const since = hands.clock.now(); ; await hands.clock.sleep(SEEING.pause)) {
    const told: Told = (await observe(hands, parts)).told
    if (isSeen(change, told)) return true
    if (!again || hands.clock.now() - since > SEEING.patience) return false
  }
}
