import type { Logger } from 'pino'
import { LAST_INPUT, STOPS_AT, TOLD_MOVE, TOLD_OVER_LIMIT, WAITING_SINCE } from '../../config/labels.ts'
import type { ClusterView } from '../cluster/view.ts'
import type { Bridges } from '../desktops/bridge.ts'
import type { Desktop, Owner } from '../desktops/desktop.ts'
import type { Desktops } from '../desktops/desktops.ts'
import { type DesktopStore, stamp } from '../desktops/store.ts'
import type { Offer } from '../offer.ts'
import type { Action, Note } from './decide.ts'

export interface Effects {
  readonly cluster: ClusterView
  readonly desktops: Desktops
  readonly store: DesktopStore
  readonly bridges: Bridges
  readonly offer: () => Offer
  readonly log: Logger
  /** What a desktop that will be stopped is told on its own screen. */
  readonly warning: (stopsAt: number) => string
  /** What somebody is told whose desktop moves to another PC then. */
  readonly moving: (at: number | undefined) => string
  /** What a person is told who takes up more than they may; undefined for everybody else. */
  readonly overLimit: (owner: Owner) => string | undefined
}

/** Does one thing that was decided. A write that came too late does nothing: the next look decides anew. */
export async function act(effects: Effects, action: Action): Promise<void> {
  const { store, log } = effects
  const { slug, version } = action
  if (action.do === 'start') await start(effects, slug, version)
  if (action.do === 'stop') {
    const written = await store.stop(slug, action.why, { version })
    if (written === 'written') log.info({ slug, why: action.why }, 'stopping a desktop')
  }
  if (action.do === 'note') {
    const written = await store.annotate(slug, annotationsOf(action.note), version)
    const desktop = effects.desktops.named(slug)
    if (written === 'written' && desktop !== undefined) tell(effects, desktop, action.note)
  }
}

/** Not waited for: it is that desktop's own trouble when it does not listen. */
function tell({ bridges, log, warning, moving, overLimit }: Effects, desktop: Desktop, note: Note): void {
  const { slug } = desktop
  const { stopsAt, toldOverLimit, toldMove } = note
  if (typeof stopsAt === 'number') {
    log.info({ slug, stopsAt: stamp(stopsAt) }, 'warned of the end of an idle desktop')
    void bridges.message(desktop, warning(stopsAt)).catch(() => {})
  }
  if (toldMove !== undefined) {
    log.info({ slug, operation: toldMove.operation }, 'told that their desktop moves to another PC')
    void bridges.message(desktop, moving(toldMove.at)).catch(() => {})
  }
  const over = toldOverLimit === undefined ? undefined : overLimit(desktop)
  if (over !== undefined) {
    log.info({ slug }, 'told that their files take up more than they may')
    void bridges.message(desktop, over).catch(() => {})
  }
}

function annotationsOf({
  lastInput,
  stopsAt,
  waitingSince,
  toldOverLimit,
  toldMove,
}: Note): Record<string, string | null> {
  const given: [string, number | null | undefined][] = [
    [LAST_INPUT, lastInput],
    [STOPS_AT, stopsAt],
    [WAITING_SINCE, waitingSince],
    [TOLD_OVER_LIMIT, toldOverLimit],
  ]
  const times = given.flatMap(([key, time]): [string, string | null][] =>
    time === undefined ? [] : [[key, time === null ? null : stamp(time)]],
  )
  return { ...Object.fromEntries(times), ...(toldMove && { [TOLD_MOVE]: toldMove.operation }) }
}

async function start(
  { cluster, desktops, store, offer, log }: Effects,
  slug: string,
  version: string,
): Promise<void> {
  const person = cluster.people.get(slug)
  const desktop = desktops.named(slug)
  const wanted = desktop?.template
  const template = offer().templates.find(({ name }) => name === wanted)
  const isTheirs = desktop?.entryUUID === person?.identity.spec.entryUUID
  if (!person || !isTheirs || person.identity.spec.locked || !template) {
    // Nobody can be made such a desktop any more: it leaves the queue, and their page says that it is off.
    log.warn({ slug, template: wanted }, 'a desktop is not started: its person or its template is gone')
    await store.annotate(slug, { [WAITING_SINCE]: null }, version)
    return
  }
  const started = await store.start(person.identity, template, version)
  if (started === 'written') log.info({ slug, template: template.name }, 'starting a desktop')
  if (typeof started === 'object') {
    log.error({ slug, reason: started.unfit }, 'a desktop cannot be made')
    await store.annotate(slug, { [WAITING_SINCE]: null }, version)
  }
}
