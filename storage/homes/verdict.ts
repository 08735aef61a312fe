import type { ConditionNews } from '../../cluster/conditions.ts'
import type { EventNews } from '../../cluster/events.ts'
import { HOME_READY, NAMESPACES } from '../../config/names.ts'
import type { Problem } from '../problem.ts'
import type { HomeOwner } from './facts.ts'
import { pairOf, SHARED_PAIR } from './pair.ts'

/** What HomeReady is to say of one person. */
export interface Verdict {
  readonly person: HomeOwner
  /** undefined: ready. */
  readonly problem: Problem | undefined
}

/** The verdict as the condition of the person's Identity. */
export const homeReady = ({ person, problem }: Verdict): ConditionNews => ({
  type: HOME_READY,
  status: problem ? 'False' : 'True',
  reason: problem?.reason ?? 'Ready',
  message: problem?.message ?? 'The home is there, and its volume is bound.',
  generation: person.generation,
})

const claim = (name: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  namespace: NAMESPACES.desktops,
  name,
})

/** A trouble that is no single person's, as an Event on the claim of everybody's folder. */
export const findingEvent = (finding: Problem): EventNews => ({
  regarding: claim(SHARED_PAIR.claim),
  ...finding,
})

/** The verdict as an Event on the person's claim; nothing while all is well, or is only on its way. */
export function eventOf({ person, problem }: Verdict): EventNews | undefined {
  if (!problem || problem.reason === 'Binding' || problem.reason === person.condition?.reason)
    return undefined
  return { regarding: claim(pairOf(person).claim), ...problem }
}
