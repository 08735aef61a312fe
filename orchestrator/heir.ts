import type { Node, Pod } from './facts.ts'
import { isFresh, presence, steadyFor } from './heartbeat.ts'
import type { Heir, Score } from './state.ts'
import { mastersOf, nodeOf, type View } from './view.ts'

/** Which PC is to be crowned: who may be, who is best, and why, in words for an administrator. */

const GIB = 2 ** 30
const MINUTE = 60_000

interface Filter {
  readonly name: string
  /** Why that PC cannot be the heir. */
  readonly refuses: (node: Node, view: View) => string | undefined
}

const filter = (name: string, refuses: Filter['refuses']): Filter => ({ name, refuses })
const when = (is: boolean, why: string): string | undefined => (is ? why : undefined)

export const FILTERS: readonly Filter[] = [
  filter('master', ({ name }, view) => when(mastersOf(view).includes(name), 'it is a master')),
  filter('deposed', ({ name }, { state }) =>
    when(state.deposed.includes(name), 'it was a master, and was not made a worker yet'),
  ),
  filter('leaves', ({ name }, { facts }) => when(facts.orders.stepDown === name, 'it was told to step down')),
  filter('never', ({ never }) => when(never, 'the administrator wants it never to be a master')),
  filter('excluded', ({ name }, { state }) => {
    const out = state.excluded[name]
    return when(out !== undefined, `it failed before: ${out?.why}`)
  }),
  filter('ready', ({ name, ready }, view) =>
    when(!ready || !isFresh(view, name), 'it is not Ready, or silent'),
  ),
  filter('steady', ({ name }, view) => {
    const steady = steadyFor(view, name)
    const asked = 2 * view.policy.deadAfter
    return when(
      steady < asked,
      `it is there for ${minutes(steady)} only, of ${minutes(asked)} that are asked`,
    )
  }),
  filter('open', ({ unschedulable }) => when(unschedulable, 'somebody made it unschedulable')),
  filter('version', ({ version }, view) => {
    const versions = mastersOf(view).flatMap((name) => nodeOf(view, name)?.version ?? [])
    return when(
      versions.length > 0 && !versions.includes(version),
      `its kubelet is ${version}, and that of the masters ${versions[0]}`,
    )
  }),
  filter('cores', ({ cores }) => when(cores < 2, 'it has one core, and two are asked')),
  // A PC that was sold with 4 GB shows less.
  filter('memory', ({ memory }) => when(memory < 3 * GIB, 'it has less than 3 GiB of memory')),
  filter('disk', ({ diskFree }) =>
    when(diskFree !== undefined && diskFree < 20 * GIB, 'less than 20 GiB of its disk are free'),
  ),
  filter('fsync', ({ fsync }) =>
    when(fsync !== undefined && fsync > 10, `its disk takes ${fsync} ms to write, and etcd wants 10 at most`),
  ),
  filter('pinned', ({ pods }) => {
    const pinned = pods.find((pod) => pod.pinned)
    return when(pinned !== undefined, `${pinned?.name} on it must not be moved`)
  }),
  filter('brick', ({ brick }) =>
    when(brick !== 'none' && !brick.mayLose, 'its set of bricks cannot do without it now'),
  ),
  // The first one of the set may still be catching up in a way that is not seen yet.
  filter('same-set', ({ brick }, { state: { crowned }, now }) =>
    when(
      crowned?.set !== undefined &&
        brick !== 'none' &&
        brick.set === crowned.set &&
        now - crowned.at < 30 * MINUTE,
      `${crowned?.name} of the same set of bricks was crowned just before`,
    ),
  ),
]

const minutes = (ms: number): string => `${Math.floor(ms / MINUTE)} min`

/** A PC as an heir: refused by somebody, or with a score. */
export interface Judged {
  readonly name: string
  readonly refusals: readonly string[]
  readonly score: Score
}

/** All PCs that are no masters, the best heir first; those that cannot be one at the end. */
export function judge(view: View, filters: readonly Filter[] = FILTERS): readonly Judged[] {
  const masters = mastersOf(view)
  return view.facts.nodes
    .filter(({ name }) => !masters.includes(name))
    .map((node) => ({
      name: node.name,
      refusals: filters.flatMap(({ refuses }) => refuses(node, view) ?? []),
      score: scoreOf(node, view),
    }))
    .sort(
      (a, b) =>
        Number(a.refusals.length > 0) - Number(b.refusals.length > 0) ||
        b.score.total - a.score.total ||
        (a.name < b.name ? -1 : 1),
    )
}

export const heirsIn = (view: View): readonly Judged[] =>
  judge(view).filter(({ refusals }) => refusals.length === 0)

export function chosen(view: View): Heir | undefined {
  const [best] = heirsIn(view)
  const node = best && nodeOf(view, best.name)
  if (best === undefined || node === undefined) return undefined
  return { name: node.name, uid: node.uid, bootId: node.bootId, score: best.score, why: explain(best) }
}

const WEIGHTS = { hardware: 0.3, load: 0.3, spread: 0.2, history: 0.2 } as const

export function scoreOf(node: Node, view: View): Score {
  const parts = {
    hardware: hardware(node),
    load: load(node.pods),
    spread: spread(node, view),
    history: history(node, view),
  }
  const { hardware: good, load: busy, spread: apart, history: there } = parts
  const sum =
    WEIGHTS.hardware * good + WEIGHTS.load * (1 - busy) + WEIGHTS.spread * apart + WEIGHTS.history * there
  return { total: round(100 * sum), ...parts }
}

const round = (value: number): number => Math.round(value * 100) / 100

/** Four cores, 8 GiB and a disk that writes within 3 ms are as good as any. */
const hardware = ({ cores, memory, fsync }: Node): number =>
  round(
    0.35 * Math.min(1, cores / 4) +
      0.35 * Math.min(1, memory / (8 * GIB)) +
      0.3 * (fsync === undefined ? 0.5 : Math.min(1, 3 / fsync)),
  )

/** From 0, nothing runs there, to 1. Pods that matter more, and people at work, weigh more. */
function load(pods: readonly Pod[]): number {
  const weights = pods
    .filter(({ stays }) => !stays)
    .map((pod) => weightOf(pod.priority) * (1 + (pod.active ? 4 : 0) + (pod.localData ? 0.5 : 0)))
  return round(Math.min(1, weights.reduce((sum, weight) => sum + weight, 0) / 16))
}

const weightOf = (priority: number): number =>
  priority < 0 ? 0.5 : priority === 0 ? 1 : priority < 1_000 ? 2 : priority < 1e9 ? 4 : 8

/** Whether it fails together with other masters. */
function spread({ zone }: Node, view: View): number {
  if (zone === undefined) return 0.5
  const there = mastersOf(view).filter((name) => nodeOf(view, name)?.zone === zone).length
  return there === 0 ? 1 : there === 1 ? 0.5 : 0
}

/** Twenty boots that nobody asked for are as bad as never being there. */
function history({ name }: Node, { state }: View): number {
  const heard = state.heard[name]
  return heard === undefined ? 0 : round(presence(heard) * (1 - Math.min(1, heard.reboots / 20)))
}

/** One line for an administrator. */
export function explain({ name, refusals, score }: Judged): string {
  if (refusals.length > 0) return `${name}: no, ${refusals.join('; ')}`
  const { total, hardware, load, spread, history } = score
  return `${name}: ${total} of 100 (hardware ${hardware}, pods ${load}, away from other masters ${spread}, always there ${history})`
}
