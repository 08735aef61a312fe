import type { Clock } from '../../../service/clock.ts'
import type { Facts, Heal, Volume } from '../plan/facts.ts'
import type { Answer, Gluster } from './call.ts'
import { bricksIn, healIn, peersIn, rebalanceIn, tasksIn, volumeIn } from './read.ts'
import { type Element, UnreadableAnswer } from './xml.ts'

/** What Gluster itself says, of all that a decision rests on. */
export type Told = Pick<Facts, 'peers' | 'volume' | 'running' | 'heal' | 'rebalance' | 'tasks'>
export type Part = keyof Told

export interface Asked {
  readonly gluster: Gluster
  readonly clock: Clock
  /** This PC, by its name in the pool. */
  readonly me: string
  readonly volume: string
}

/** A dead peer that glusterd has not noticed yet keeps an answer waiting for up to two minutes. */
const SECONDS = 20
const BUSY = { tries: 4, pause: 1_000 }

const NOTHING: Told = {
  peers: 'unread',
  volume: 'unread',
  running: 'unread',
  heal: 'unread',
  rebalance: 'unread',
  tasks: 'unread',
}

export interface Look {
  readonly told: Told
  /** Why a part is `'unread'`, where it was asked for. */
  readonly unread: readonly { readonly part: Part; readonly why: string }[]
}

/** Asks one thing after the other: glusterd lets nobody else in while it answers some of them. */
export async function observe(
  asked: Asked,
  parts: readonly Part[] = ['peers', 'volume', 'running', 'heal', 'rebalance', 'tasks'],
): Promise<Look> {
  const unread: { part: Part; why: string }[] = []
  const read = async <P extends Part>(part: P, look: () => Promise<Told[P]>): Promise<Told[P] | 'unread'> => {
    if (!parts.includes(part)) return 'unread'
    try {
      return await look()
    } catch (error) {
      unread.push({ part, why: error instanceof Error ? error.message : String(error) })
      return 'unread'
    }
  }
  const name = asked.volume
  const peers = await read('peers', async () => peersIn(await told(asked, ['pool', 'list']), asked.me))
  const volume = parts.some((part) => part !== 'peers')
    ? await volumeOf(asked).catch((error: Error) => error)
    : 'none'
  // What it is made of says what else can be asked: without it, nothing is known of the rest.
  const of = <P extends Part>(look: (volume: Volume) => Promise<Told[P]>, without: Told[P]) => {
    return async (): Promise<Told[P]> => {
      if (volume instanceof Error) throw volume
      return volume === 'none' || volume.status !== 'started' ? without : await look(volume)
    }
  }
  const status = (what: string) => told(asked, ['volume', 'status', name, what])
  const running = await read(
    'running',
    of<'running'>(async () => bricksIn(await status('detail'), name), []),
  )
  return {
    told: {
      ...NOTHING,
      peers,
      volume: await read('volume', async () => {
        if (volume instanceof Error) throw volume
        return volume
      }),
      running,
      heal: await read(
        'heal',
        of<'heal'>(async ({ width }) => (width === 1 ? healOfOne(running) : await healOf(asked)), []),
      ),
      rebalance: await read(
        'rebalance',
        of<'rebalance'>(() => rebalanceOf(asked), 'none'),
      ),
      tasks: await read(
        'tasks',
        of<'tasks'>(async () => tasksIn(await status('tasks'), name), []),
      ),
    },
    unread,
  }
}

const volumeOf = async (asked: Asked): Promise<Volume | 'none'> =>
  volumeIn(await told(asked, ['volume', 'info']), asked.volume) ?? 'none'

const healOf = async (asked: Asked) =>
  healIn(await told(asked, ['volume', 'heal', asked.volume, 'info', 'summary']))

/** One copy has no other that it could be behind or ahead of, and Gluster refuses to be asked. */
function healOfOne(running: Told['running']): Heal[] {
  if (running === 'unread') throw new UnreadableAnswer('which bricks run was not read')
  return running.map(({ pc, path, online }) => ({ pc, path, answered: online, pending: 0, splitBrain: 0 }))
}

/** Gluster has no answer for "there was none": it refuses, and the words are all that tells it from a failure. */
const NEVER_BEGUN = /rebalance not started for volume|is not a distribute volume/i

async function rebalanceOf(asked: Asked): Promise<Told['rebalance']> {
  const answer = await untilFree(asked, ['volume', 'rebalance', asked.volume, 'status'])
  if (answer.is === 'refused' && NEVER_BEGUN.test(answer.why)) return 'none'
  return rebalanceIn(outputOf(answer)) ?? 'none'
}

const told = async (asked: Asked, args: readonly string[]): Promise<Element> =>
  outputOf(await untilFree(asked, args))

async function untilFree({ gluster, clock }: Asked, args: readonly string[]): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await gluster(args, SECONDS)
    if (answer.is !== 'busy' || tries >= BUSY.tries) return answer
    await clock.sleep(BUSY.pause)
  }
}

function outputOf(answer: Answer): Element {
  if (answer.is !== 'done') throw new UnreadableAnswer(answer.why)
  if (answer.output === undefined) throw new UnreadableAnswer('it answered no XML')
  return answer.output
}
