import { admit } from '../../../orchestrator/admit.ts'
import type { Effect } from '../../../orchestrator/effect.ts'
import type { Policy } from '../../../orchestrator/policy.ts'
import type { Told } from '../../../orchestrator/state.ts'
import { step } from '../../../orchestrator/step.ts'
import { keptOf, look, policyOf, stateOf } from './kept.ts'
import { beats, happen, hasQuorum, NOW_MS, type World, work } from './world.ts'

/** One run in one world, in which everything works, until nothing goes on any more. */

export interface Played {
  readonly world: World
  /** What was done, in the words of `describe`. */
  readonly done: readonly string[]
  readonly events: readonly Told[]
}

export const describe = (effect: Effect): string => {
  const at =
    'node' in effect ? effect.node : 'pc' in effect ? effect.pc : 'master' in effect ? effect.master : ''
  return [effect.do === 'job' ? effect.step : effect.do, at].filter((one) => one !== '').join(' ')
}

const MOST_LOOKS = 400

/** `before` is called ahead of each effect, and may change the world: that is when a PC comes back, or dies. */
export function play(
  start: World,
  before: (effect: string, world: World) => void = () => {},
  policy: Partial<Policy> = {},
): Played {
  const world = structuredClone(start)
  const done: string[] = []
  const events: Told[] = []
  let quiet = 0
  for (let looks = 0; looks < MOST_LOOKS && quiet < 4 && hasQuorum(world); looks++) {
    const decided = { ...policyOf(world), ...policy }
    const { state, effect, events: news } = step(look(world), stateOf(world), decided, NOW_MS)
    const isNews = JSON.stringify(keptOf(state)) !== JSON.stringify(world.kept)
    world.kept = keptOf(state)
    events.push(...news.filter(({ reason }) => !['MasterSick', 'MasterWell', 'Storm'].includes(reason)))
    if (effect !== undefined) {
      before(describe(effect), world)
      if (admit(effect, look(world), stateOf(world), decided, NOW_MS) === undefined) {
        done.push(describe(effect))
        happen(world, effect, state.operation?.id ?? '')
      }
    }
    const worked = world.jobs.filter(({ name }) => work(world, name)).length
    quiet = effect === undefined && !isNews && worked === 0 ? quiet + 1 : 0
    if (quiet > 0) pass(world)
  }
  return { world, done, events }
}

/** Nothing goes on: time passes. */
function pass(world: World): void {
  const { operation } = world.kept
  if (operation !== undefined) world.kept = { ...world.kept, operation: { ...operation, since: 0 } }
  else world.kept = { ...world.kept, restUntil: 0, stormUntil: 0, excluded: {} }
  for (const machine of Object.values(world.machines)) if (beats(machine)) machine.steady = true
}
