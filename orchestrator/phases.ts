import { demote, join, remove, stopApi, verify } from './change.ts'
import type { Outcome } from './outcome.ts'
import { backup, choose, confirm, drain, mint, preflight, reboot, warn } from './prepare.ts'
import type { Kind, Operation, Phase } from './state.ts'
import { cleanUp, undo } from './undo.ts'
import { isRead, memberOf, type View } from './view.ts'

/** The steps of an operation, in one table: in which order, with how much patience, and what follows when it is over. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The heir is prepared before anything is taken away: whichever PC comes back until then, nothing has happened. */
const PREPARE = ['Backup', 'Choose', 'Preflight', 'Warn', 'Drain', 'Reboot', 'Mint'] as const
const CROWN = ['Join', 'Verify'] as const
const DEPOSE = ['StopApi', 'Remove', 'Demote'] as const

export const ORDER: Readonly<Record<Kind, readonly Phase[]>> = {
  Replace: ['Confirm', ...PREPARE, 'ConfirmAgain', 'Remove', ...CROWN, 'CleanUp'],
  ScaleUp: [...PREPARE, ...CROWN, 'CleanUp'],
  // Whoever is well stays until the other one is: etcd never has fewer voters than before.
  StepDown: [...PREPARE, ...CROWN, ...DEPOSE, 'CleanUp'],
  ScaleDown: ['Confirm', 'Backup', ...DEPOSE, 'CleanUp'],
  Neutralise: ['Remove', 'Demote', 'CleanUp'],
  Tidy: ['CleanUp'],
}

interface PhaseRule {
  readonly does: (view: View, operation: Operation) => Outcome
  /** Ms that it may take. */
  readonly patience: number
  /**
   * What follows then. `Drop`: it is undone while nothing was taken away, and else goes on. `Stay`: it must be done, however
   * long it takes.
   */
  readonly late: 'Undo' | 'Drop' | 'GoOn' | 'CleanUp' | 'Stay'
  /** For so many ms the heir is none after it was late. */
  readonly excludes?: number
}

export const RULES: Readonly<Record<Phase, PhaseRule>> = {
  Confirm: { does: confirm(1), patience: 1.5 * MINUTE, late: 'Undo' },
  Backup: { does: backup, patience: 3 * MINUTE, late: 'GoOn' },
  Choose: { does: choose, patience: MINUTE, late: 'Undo' },
  Preflight: { does: preflight, patience: 2 * MINUTE, late: 'Undo', excludes: HOUR },
  Warn: { does: warn, patience: 2 * MINUTE, late: 'GoOn' },
  Drain: { does: drain, patience: 5 * MINUTE, late: 'Undo', excludes: HOUR },
  Reboot: { does: reboot, patience: 10 * MINUTE, late: 'Undo', excludes: DAY },
  Mint: { does: mint, patience: 3 * MINUTE, late: 'Undo' },
  ConfirmAgain: { does: confirm(2), patience: 1.5 * MINUTE, late: 'Undo' },
  Remove: { does: remove, patience: MINUTE, late: 'Drop' },
  Join: { does: join, patience: 5 * MINUTE, late: 'Undo', excludes: DAY },
  Verify: { does: verify, patience: 4 * MINUTE, late: 'Undo', excludes: DAY },
  StopApi: { does: stopApi, patience: 2 * MINUTE, late: 'Undo' },
  Demote: { does: demote, patience: 4 * MINUTE, late: 'CleanUp' },
  CleanUp: { does: cleanUp, patience: MINUTE, late: 'Stay' },
  Undo: { does: undo, patience: MINUTE, late: 'Stay' },
}

/** What comes after a phase; undefined after the last. */
export function nextPhase({ kind, phase }: Operation): Phase | undefined {
  const order = ORDER[kind]
  return order[order.indexOf(phase) + 1]
}

const ENDS: readonly Phase[] = ['StopApi', 'Demote', 'CleanUp', 'Undo']

/** Whether an operation may still be dropped: nothing was taken away, and no PC was asked to join. */
export function isReversible(view: View, operation: Operation): boolean {
  const { phase, leaving } = operation
  const taken = leaving.some(
    ({ name, member }) => member !== undefined && memberOf(view, name)?.id !== member,
  )
  // What is not known may have happened.
  return isRead(view) && !taken && !wasAskedToJoin(view, operation) && !ENDS.includes(phase)
}

/** By what is seen: that it was written down may mean that it never came to it. */
function wasAskedToJoin(view: View, { id, crowning, heir }: Operation): boolean {
  if (crowning !== 'begun' || heir === undefined) return crowning === 'done'
  const isAsked = view.facts.jobs.some(({ operation, step }) => operation === id && step === 'join')
  return isAsked || memberOf(view, heir.name) !== undefined
}
