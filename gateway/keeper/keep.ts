import type { Clock } from '../../lease/clock.ts'
import { reasonOf } from '../cluster/watch.ts'
import { idleLimit } from '../offer.ts'
import type { Sessions } from '../session/sessions.ts'
import { act, type Hands } from './act.ts'
import { type BridgeSaid, decide } from './decide.ts'

export interface KeeperSettings {
  readonly startingAtOnce: number
  /** How often every running desktop is asked for its input, in ms. */
  readonly askEvery: number
}

const ASK_AT_ONCE = 16
/** Time alone changes what is to be done, so it is decided anew this often (ms) when nothing else happens. */
const LOOK_EVERY = 1_000
const LOOK_AT_KEYS = 30_000

/**
 * The leader's work, while its tenure lasts: asks every running desktop for its input, decides, acts. It keeps
 * nothing but the desktops' last answers, which the next leader asks for itself.
 */
export async function keep(
  hands: Hands,
  settings: KeeperSettings,
  clock: Clock,
  tenure: AbortSignal,
  { ready, tendKeys }: Pick<Sessions, 'ready' | 'tendKeys'>,
): Promise<void> {
  const said = new Map<string, BridgeSaid>()
  let wake = new AbortController()
  const forget = hands.desktops.onChange(() => wake.abort())
  const asking = askAround(hands, settings, clock, tenure, said).catch((error: unknown) => {
    hands.log.error({ err: error }, 'desktops are not asked any more; none will be stopped for being idle')
  })
  let keysLooked = Number.NEGATIVE_INFINITY
  while (!tenure.aborted) {
    wake = new AbortController()
    // Without a key nobody can log in: when they are gone, new ones are made at once.
    if (clock.now() - keysLooked > LOOK_AT_KEYS || !ready()) {
      await tendKeys().then(
        () => {
          keysLooked = clock.now()
        },
        (error: unknown) =>
          hands.log.error({ reason: reasonOf(error) }, 'the keys of sessions could not be tended'),
      )
    }
    await turn(hands, settings, said, clock).catch((error: unknown) => {
      hands.log.error({ err: error }, 'what is to be done could not be decided')
    })
    await clock.sleep(LOOK_EVERY, AbortSignal.any([tenure, wake.signal]))
  }
  forget()
  await asking
}

async function turn(
  hands: Hands,
  settings: KeeperSettings,
  said: ReadonlyMap<string, BridgeSaid>,
  clock: Clock,
) {
  const { desktops, offer, log } = hands
  if (hands.room.lacks().length > 0) return
  const offered = offer()
  const limits = {
    atMost: offered.desktops.atMost,
    startingAtOnce: settings.startingAtOnce,
    idle: (template: string) => idleLimit(offered, template),
  }
  const actions = decide(desktops.all(), said, limits, clock.wall().getTime())
  const done = await Promise.allSettled(actions.map((action) => act(hands, action)))
  for (const [index, result] of done.entries()) {
    if (result.status === 'rejected') {
      const { slug, do: what } = actions[index] ?? {}
      log.error({ slug, what, reason: reasonOf(result.reason) }, 'could not be done; it is tried again')
    }
  }
  // What was written comes back by the watch; until then the old state would be decided on again.
  if (actions.length > 0) await clock.sleep(150)
}

async function askAround(
  { desktops, bridges, log }: Hands,
  { askEvery }: KeeperSettings,
  clock: Clock,
  tenure: AbortSignal,
  said: Map<string, BridgeSaid>,
): Promise<void> {
  while (!tenure.aborted) {
    const running = desktops.all().filter(({ pod }) => pod?.step === 'ready')
    const slugs = new Set(running.map(({ slug }) => slug))
    for (const slug of said.keys()) if (!slugs.has(slug)) said.delete(slug)
    const waiting = [...slugs]
    const ask = async () => {
      for (let slug = waiting.pop(); slug !== undefined && !tenure.aborted; slug = waiting.pop()) {
        try {
          said.set(slug, await bridges.state(slug, clock.wall().getTime()))
        } catch (error) {
          log.debug({ slug, reason: reasonOf(error) }, 'a desktop could not be asked')
        }
      }
    }
    await Promise.all(Array.from({ length: ASK_AT_ONCE }, ask))
    await clock.sleep(askEvery, tenure)
  }
}
