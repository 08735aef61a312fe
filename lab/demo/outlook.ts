import { inWords, type PartState, secondsLeft } from './estimate.ts'

/** A part after which people see something, and what that is. */
export interface Milestone {
  readonly part: string
  /** As it is announced: "a desktop to log in to". */
  readonly called: string
}

/** What is still to come, and when: "a desktop to log in to in about 7 min"; empty when all of them are reached. */
export function outlook(parts: readonly PartState[], milestones: readonly Milestone[]): string {
  const ahead = milestones.filter(({ part }) =>
    parts.some(({ name, state }) => name === part && state !== 'done'),
  )
  return ahead.map(({ part, called }) => `${called} in ${inWords(secondsLeft(parts, [part]))}`).join(', ')
}
