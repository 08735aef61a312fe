import { births, optionChanges, starts } from './birth.ts'
import type { Change, Facts, Finding, Memory, Plan, Policy } from './facts.ts'
import { emptying, fenced, fences, revoked, unfenced } from './fence.ts'
import { findingsOf, UNREAD, unfinished, waits } from './findings.ts'
import { GUARDS, type Guard, refusal } from './guards.ts'
import { after, outcomeOf } from './intent.ts'
import { poolChanges, safeToPull } from './pool.ts'
import { healed } from './proof.ts'
import { remember } from './remember.ts'
import { replacing } from './replace.ts'
import { heals, setChanges, spreads } from './sets.ts'
import { isFenced, type View, viewOf } from './view.ts'

/** What is thought of, in this order; the first that no guard refuses is done. */
const THOUGHTS: readonly ((view: View) => readonly Change[])[] = [
  fences,
  poolChanges,
  births,
  starts,
  optionChanges,
  replacing,
  setChanges,
  spreads,
  heals,
]

/** The next thing to do for the volume, at most one, and what an administrator is to know. Pure. */
export function plan(policy: Policy, facts: Facts, now: number, guards: readonly Guard[] = GUARDS): Plan {
  const { intent } = facts.memory
  const outcome = intent && outcomeOf(intent, facts, now)
  const settled =
    intent && outcome && outcome !== 'unknown' ? after(intent, outcome, facts.memory, facts) : facts.memory
  const before = viewOf(policy, facts, settled, now)
  if (before === undefined) return { change: undefined, memory: settled, findings: [UNREAD], safeToPull: [] }
  const seen = viewOf(policy, facts, remember(before), now) ?? before
  const memory = revoked(seen)
  const view = { ...seen, memory }
  const findings = findingsOf(view)
  const { change, refused } = choose(view, guards)
  const safe = memory.intent === undefined ? safeToPull(view, healed(view)) : []
  if (memory.intent !== undefined && change === undefined)
    return {
      change: undefined,
      memory,
      findings: [...findings, unfinished(memory.intent, view)],
      safeToPull: safe,
    }
  return {
    change,
    memory: change ? withChange(change, memory, view) : memory,
    findings: [...findings, ...refused],
    safeToPull: safe,
  }
}

function choose(
  view: View,
  guards: readonly Guard[],
): { readonly change: Change | undefined; readonly refused: readonly Finding[] } {
  const refused: Finding[] = []
  for (const thought of THOUGHTS) {
    for (const change of thought(view)) {
      const against = refusal(change, view, guards)
      if (against === undefined) return { change, refused }
      refused.push(waits(change, against, view))
    }
  }
  return { change: undefined, refused }
}

/** The memory that is written before the change is begun; two of them are nothing but that. */
function withChange(change: Change, memory: Memory, view: View): Memory {
  if (change.change === 'wipe') return emptying(change.pc, view)
  if (change.change === 'unfence') return unfenced(change.pc, view)
  const isUnheard = view.peers.some((one) => 'pc' in change && one.name === change.pc && !one.connected)
  const about =
    // A PC that left unheard still believes that it is of the pool, should it come back.
    change.change === 'fence' || (change.change === 'detach' && isUnheard && !isFenced(view, change.pc))
      ? fenced(change.pc, view)
      : change.change === 'heal'
        ? { ...memory, healAsked: view.now }
        : memory
  return { ...about, intent: { change, since: view.now, answer: undefined } }
}
