import { sickIn } from './detect.ts'
import type { Facts } from './facts.ts'
import { listen, wasAway } from './heartbeat.ts'
import type { Policy } from './policy.ts'
import { sizeIn } from './size.ts'
import type { State } from './state.ts'
import { stormIn } from './storm.ts'
import { isRead, memberOf, type View } from './view.ts'

/** What a look adds to what is remembered, before anything is decided. */
export function remember(facts: Facts, before: State, policy: Policy, now: number): View {
  const away = wasAway(before, policy, now)
  const heard = listen(facts.nodes, before, policy, now)
  const resumed = before.halted !== undefined && facts.orders.resumed > before.halted.since
  const state: State = {
    ...before,
    at: now,
    heard,
    excluded: resumed ? {} : stillExcluded(before, now),
    failures: resumed ? 0 : before.failures,
    halted: resumed ? undefined : before.halted,
  }
  const seen = extended({ facts, state, policy, now }, (view) => ({ sick: sickIn(view, away) }))
  return extended(seen, (view) => ({ ...stormOf(view), size: sizeIn(view), deposed: deposedIn(view) }))
}

const extended = (view: View, by: (view: View) => Partial<State>): View => ({
  ...view,
  state: { ...view.state, ...by(view) },
})

const stillExcluded = ({ excluded }: State, now: number): State['excluded'] =>
  Object.fromEntries(Object.entries(excluded).filter(([, { until }]) => until > now))

function stormOf(view: View): Pick<State, 'storm' | 'stormUntil'> {
  const storm = stormIn(view)
  if (storm !== undefined) return { storm, stormUntil: view.now + view.policy.deadAfter }
  const { storm: last, stormUntil } = view.state
  return { storm: stormUntil > view.now ? last : '', stormUntil }
}

/** Whoever left etcd, or failed to come into it, may still have the keys of a master. */
export function deposedIn(view: View): string[] {
  if (!isRead(view)) return view.state.deposed
  const { operation, deposed } = view.state
  const names = [
    ...deposed,
    ...(operation?.leaving.map(({ name }) => name) ?? []),
    ...(operation?.crowning === 'begun' && operation.heir ? [operation.heir.name] : []),
  ]
  return [...new Set(names)].filter((name) => memberOf(view, name) === undefined)
}
