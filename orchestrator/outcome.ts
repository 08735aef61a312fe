import type { Effect, NodeStep } from './effect.ts'
import { jobName } from './jobs/name.ts'
import type { Heir, Operation } from './state.ts'
import { jobOf, type View } from './view.ts'

/** What a phase comes to at this look. */
export type Outcome =
  | { readonly is: 'done'; readonly heir?: Heir }
  | { readonly is: 'do'; readonly effect: Effect }
  | { readonly is: 'wait'; readonly why: string }
  /** Its job failed, and another one is to be tried. */
  | { readonly is: 'again' }
  /** `excludes`: for so many ms the heir is none. */
  | { readonly is: 'failed'; readonly why: string; readonly excludes?: number }

export const DONE: Outcome = { is: 'done' }
export const act = (effect: Effect): Outcome => ({ is: 'do', effect })
export const wait = (why: string): Outcome => ({ is: 'wait', why })

const MOST_TRIES = 3

/**
 * A job on a PC until it has ended. Who asks must have seen before that what the job is for is not so yet: that it ended well
 * proves nothing.
 */
export function work(
  view: View,
  { id, tries }: Operation,
  { step, node, excludes }: { step: NodeStep; node: string; excludes?: number },
): Outcome {
  const name = jobName(id, tries, step, node)
  const job = jobOf(view, name)
  if (job === undefined) return act({ do: 'job', step, node, job: name })
  if (job.state === 'running') return wait(`${step} on ${job.node}`)
  if (job.state === 'finished') return wait(`${step} on ${job.node} has ended, and is not seen to be so yet`)
  if (tries + 1 < MOST_TRIES) return { is: 'again' }
  const why = `${step} on ${job.node} failed: ${job.told}`
  return excludes === undefined ? { is: 'failed', why } : { is: 'failed', why, excludes }
}
