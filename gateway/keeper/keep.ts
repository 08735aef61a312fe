import { reasonOf } from '../../cluster/answer.ts'
import type { Clock } from '../../service/clock.ts'
import { newBell, turns } from '../../service/turns.ts'
import type { BridgeState, Owner } from '../desktops/desktop.ts'
import { moveOf } from '../desktops/moves.ts'
import { idleLimit } from '../offer.ts'
import type { Sessions } from '../session/sessions.ts'
import { act, type Effects } from './act.ts'
import { type Action, decide } from './decide.ts'
import { leaving } from './leaving.ts'

export interface KeeperSettings {
  readonly startingAtOnce: number
  /** How often every running desktop is asked for its input, in ms. */
  readonly askEvery: number
}

/** Desktops whose connections are begun at one time, and ms until the next ones. */
const ASK_AT_ONCE = 16
const ASK_NEXT = 20
/** Ms. Time alone changes what is to be done, so it is decided anew this often when nothing else happens. */
const LOOK_EVERY = 1_000
const LOOK_AT_SESSIONS = 30_000
/** Ms. What was written comes back by the watch; until then the old state would be decided on again. */
const WATCH_DELAY = 150

/**
 * The leader's work, while its tenure lasts: asks every running desktop for its input, decides, acts. It keeps
 * nothing but the desktops' last answers, which the next leader asks for itself.
 */
export async function keep(
  effects: Effects,
  settings: KeeperSettings,
  clock: Clock,
  tenure: AbortSignal,
  sessions: Pick<Sessions, 'ready' | 'tend'>,
): Promise<void> {
  const { log, desktops } = effects
  const said = new Map<string, BridgeState>()
  const end = leavers(effects, clock)
  const asked = new Set<string>()
  const bell = newBell()
  const forget = desktops.onChange(bell.ring)
  const asking = turns(
    clock,
    {
      rest: () => settings.askEvery,
      failed: (error) => log.error({ err: error }, 'desktops could not be asked for their input'),
    },
    tenure,
    () => askAround(effects, clock, tenure, said, asked),
  )
  const tend = tender(effects, clock, sessions)
  const deciding = turns(
    clock,
    {
      rest: () => LOOK_EVERY,
      failed: (error) => log.error({ err: error }, 'what is to be done could not be decided'),
      bell,
    },
    tenure,
    async () => {
      await tend()
      await decideAndAct(effects, settings, said, clock, end)
    },
  )
  // What hangs in the middle of a call is left to itself: no write of it counts once another replica has written.
  await Promise.race([Promise.all([deciding, asking]), lost(tenure)]).finally(forget)
}

const lost = (tenure: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (tenure.aborted) done()
    tenure.addEventListener('abort', () => done(), { once: true })
  })

/** Tends sessions twice a minute; without a key nobody can log in, so new ones are then made at once. */
function tender(
  { log }: Effects,
  clock: Clock,
  { ready, tend }: Pick<Sessions, 'ready' | 'tend'>,
): () => Promise<void> {
  let looked = Number.NEGATIVE_INFINITY
  return async () => {
    if (clock.now() - looked <= LOOK_AT_SESSIONS && ready()) return
    try {
      await tend()
      looked = clock.now()
    } catch (error) {
      log.error({ reason: reasonOf(error) }, 'keys and ended sessions could not be tended')
    }
  }
}

/** Looks for desktops that must end because of how their people stand now, and remembers since when. */
function leavers({ cluster, desktops, log }: Effects, clock: Clock): () => Action[] {
  let outdated: ReadonlyMap<string, number> = new Map()
  let held = 0
  const standingOf = (slug: string) => cluster.people.get(slug)?.identity.spec
  return () => {
    const seen = leaving(desktops.all(), standingOf, outdated, clock.now())
    outdated = seen.outdated
    if (seen.held > held)
      log.error(
        { desktops: seen.held },
        'the people of so many desktops are gone at once that they run on; if it is right, stop them yourself',
      )
    held = seen.held
    return seen.stops.map((stop) => ({ do: 'stop', ...stop }))
  }
}

async function decideAndAct(
  effects: Effects,
  settings: KeeperSettings,
  said: ReadonlyMap<string, BridgeState>,
  clock: Clock,
  end: () => Action[],
): Promise<void> {
  const { cluster, desktops, offer, log } = effects
  if (cluster.lacks().length > 0) return
  const offered = offer()
  const limits = {
    atMost: offered.desktops.atMost,
    startingAtOnce: settings.startingAtOnce,
    idle: (template: string) => idleLimit(offered, template),
    moveOf: (pc: string) => moveOf(cluster.nodes.get(pc)),
    isOver: (desktop: Owner) => effects.overLimit(desktop) !== undefined,
  }
  const ends = end()
  const ending = new Set(ends.map(({ slug }) => slug))
  const others = desktops.all().filter(({ slug }) => !ending.has(slug))
  const actions = [...ends, ...decide(others, said, limits, clock.wall().getTime())]
  const done = await Promise.allSettled(actions.map((action) => act(effects, action)))
  for (const [index, result] of done.entries()) {
    if (result.status === 'rejected') {
      const { slug, do: what } = actions[index] ?? {}
      log.error({ slug, what, reason: reasonOf(result.reason) }, 'could not be done; it is tried again')
    }
  }
  if (actions.length > 0) await clock.sleep(WATCH_DELAY)
}

async function askAround(
  { desktops, bridges, log }: Effects,
  clock: Clock,
  tenure: AbortSignal,
  said: Map<string, BridgeState>,
  asked: Set<string>,
): Promise<void> {
  const running = desktops.all().filter(({ pod }) => pod?.step === 'ready')
  const slugs = new Map(running.map((desktop) => [desktop.slug, desktop]))
  for (const slug of said.keys()) if (!slugs.has(slug)) said.delete(slug)
  const ask = async (desktop: Owner): Promise<void> => {
    const { slug } = desktop
    asked.add(slug)
    try {
      said.set(slug, await bridges.state(desktop, clock.wall().getTime()))
    } catch (error) {
      log.debug({ slug, reason: reasonOf(error) }, 'a desktop could not be asked')
    } finally {
      asked.delete(slug)
    }
  }
  let begun = 0
  for (const [slug, desktop] of slugs) {
    if (tenure.aborted) return
    if (asked.has(slug)) continue
    // Nobody waits for an answer: one that is late or never comes is that desktop's own trouble.
    void ask(desktop)
    if (++begun % ASK_AT_ONCE === 0) await clock.sleep(ASK_NEXT, tenure)
  }
}
