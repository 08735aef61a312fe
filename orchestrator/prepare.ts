import type { Node, Pod } from './facts.ts'
import { isFresh } from './heartbeat.ts'
import { chosen } from './heir.ts'
import { jobName } from './jobs/name.ts'
import { act, DONE, type Outcome, wait, work } from './outcome.ts'
import type { Heir, Operation } from './state.ts'
import { jobOf, mastersOf, memberOf, nodeOf, type View } from './view.ts'

/** The phases before the point of no return: slow, and undone without a trace. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The PCs that are asked whether they reach a master: three, of different zones as far as there are. */
function vantagePoints(view: View, { leaving }: Operation): string[] {
  const able = view.facts.nodes.filter(
    ({ name, ready }) => ready && isFresh(view, name) && !leaving.some((one) => one.name === name),
  )
  const zones = new Set<string>()
  const apart = able.filter(({ name, zone = name }) => !zones.has(zone) && zones.add(zone))
  return [...new Set([...apart, ...able])].slice(0, 3).map(({ name }) => name)
}

/** Two that do not reach it, and nobody who does. */
export const LEAST_WITNESSES = 2

/** Whether a silent machine is silent for others, too. Masters that leave for another reason are not asked about. */
export const confirm =
  (round: 1 | 2) =>
  (view: View, operation: Operation): Outcome => {
    for (const { name, as } of operation.leaving) {
      if (as !== 'MachineDead') continue
      const said = view.facts.reached.filter(
        (one) => one.operation === operation.id && one.round === round && one.master === name,
      )
      const reaches = said.find(({ reached }) => reached)
      if (reaches !== undefined)
        return { is: 'failed', why: `${reaches.from} reaches ${name}: the network is broken, not the PC` }
      const from = vantagePoints(view, operation)
      if (from.length < LEAST_WITNESSES) return wait(`nobody can say whether ${name} is reached`)
      if (said.length < LEAST_WITNESSES) return act({ do: 'ask', master: name, round, from })
    }
    return DONE
  }

const FRESH_BACKUP = 10 * MINUTE

/** A new one is tried; whether an old one is enough is judged where it matters. */
export function backup(view: View, { id, tries }: Operation): Outcome {
  const { backup, backsUp } = view.facts
  if (!backsUp || (backup !== undefined && view.now - backup.at <= FRESH_BACKUP)) return DONE
  const job = jobName(id, tries, 'backup')
  const { state } = jobOf(view, job) ?? {}
  if (state === 'failed') return tries < 2 ? { is: 'again' } : DONE
  return state === undefined ? act({ do: 'backup', job }) : wait('a backup is made and proven')
}

export function choose(view: View): Outcome {
  const heir = chosen(view)
  return heir === undefined ? { is: 'failed', why: 'no PC can be the heir now' } : { is: 'done', heir }
}

type Prepares = (view: View, operation: Operation, heir: Heir, node: Node) => Outcome

/** With the heir and its Node, which must still be the one that was chosen. */
export const withHeir =
  (prepares: Prepares) =>
  (view: View, operation: Operation): Outcome => {
    const { heir } = operation
    const node = heir && nodeOf(view, heir.name)
    if (heir === undefined || node?.uid !== heir.uid)
      return { is: 'failed', why: `the heir ${heir?.name ?? ''} is not there any more` }
    return prepares(view, operation, heir, node)
  }

export const preflight = withHeir((view, { id, tries }, { name }) => {
  const job = jobOf(view, jobName(id, tries, 'preflight', name))
  // What it finds is told by its end alone: it changes nothing that could be seen.
  if (job?.state === 'finished') return DONE
  if (job?.state === 'failed') return { is: 'failed', why: `${name} is not fit: ${job.told}`, excludes: HOUR }
  return work(view, { id, tries } as Operation, { step: 'preflight', node: name })
})

const LONG_UP = 7 * DAY

/** Without a reboot nobody on the heir need notice anything: it stays open, and its pods stay. */
function isRebooted({ policy, state, now }: View, { name }: Heir): boolean {
  if (policy.reboot !== 'IfUptimeOver') return policy.reboot === 'Always'
  return now - (state.heard[name]?.bootedSince ?? 0) > LONG_UP
}

/** So long people have from the warning until their desktop moves. */
export const WARNED_FOR = MINUTE

export const warn = withHeir((view, { id, since }, heir, { name, pods, warnedBy }) => {
  if (!isRebooted(view, heir) || !pods.some(({ active }) => active)) return DONE
  if (warnedBy !== id) return act({ do: 'warn', node: name })
  return view.now - since >= WARNED_FOR ? DONE : wait(`the people on ${name} are warned`)
})

/** What is missed least goes first; services that others need come last. */
const turnOf = ({ desktop, active, priority }: Pod): number =>
  desktop ? (active ? 2 : 1) : priority >= 1_000 ? 3 : 0

/** The pods that move next: those of one turn. */
export function movingNext(pods: readonly Pod[]): readonly Pod[] {
  const moving = pods.filter(({ stays }) => !stays)
  const first = Math.min(...moving.map(turnOf))
  return moving.filter((pod) => turnOf(pod) === first)
}

export const drain = withHeir((view, { id }, heir, { name, pods, cordonedBy }) => {
  if (!isRebooted(view, heir)) return DONE
  if (cordonedBy !== id) return act({ do: 'cordon', node: name })
  const next = movingNext(pods)
  if (next.length === 0) return DONE
  return act({ do: 'evict', node: name, pods: next.map((pod) => pod.name) })
})

export const reboot = withHeir((view, operation, heir, { name, ready, bootId }) => {
  if (!isRebooted(view, heir) && bootId === heir.bootId) return DONE
  if (bootId !== heir.bootId)
    return ready && isFresh(view, name) ? DONE : wait(`${name} has booted and is not Ready yet`)
  return work(view, operation, { step: 'reboot', node: name, excludes: DAY })
})

/** Another master at each try. */
export function mint(view: View, operation: Operation): Outcome {
  if (view.facts.secrets.some((one) => one.operation === operation.id && one.whole)) return DONE
  const able = mastersOf(view).filter(
    (name) =>
      memberOf(view, name) !== undefined &&
      view.state.sick[name] === undefined &&
      !operation.leaving.some((one) => one.name === name),
  )
  const node = able[operation.tries % able.length]
  if (node === undefined) return wait('no master is well enough to make what the heir needs')
  return work(view, operation, { step: 'mint', node })
}
