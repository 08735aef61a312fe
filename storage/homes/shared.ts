import { type Problem, problem } from '../problem.ts'
import type { HomeOwner, Observed, SharedFact } from './facts.ts'
import { type PairStep, pairStep, SHARED_PAIR } from './pair.ts'

/** The group that the shared folder belongs to. */
const PEOPLE = 'people'
/** Sticky: who may write in it may still take away or replace only what is their own. */
const MODE = 0o3770

/** What is to be done about the shared folder. */
export interface SharedDecision {
  /** The gid that it is made with; undefined where it stands, or nobody is there whose group it could be. */
  readonly make: number | undefined
  readonly step: Extract<PairStep, { step: 'make-volume' | 'make-claim' | 'release' }> | undefined
  readonly findings: readonly Problem[]
}

export function decideShared({ people, volumes, claims }: Observed, fact: SharedFact): SharedDecision {
  const gid = gidOfPeople(people)
  if (fact === 'missing') return { make: gid, step: undefined, findings: [] }
  const findings = isRight(fact, gid) ? [] : [wrongFolder(gid)]
  const step = pairStep(SHARED_PAIR, volumes.get(SHARED_PAIR.volume), claims.get(SHARED_PAIR.claim))
  if (step.step === 'refuse')
    return { make: undefined, step: undefined, findings: [...findings, step.problem] }
  const idle = step.step === 'none' || step.step === 'wait'
  return { make: undefined, step: idle ? undefined : step, findings }
}

const gidOfPeople = (people: readonly HomeOwner[]): number | undefined =>
  people.flatMap(({ groups }) => groups).find(({ name }) => name === PEOPLE)?.gid

const isRight = (fact: Exclude<SharedFact, 'missing'>, gid: number | undefined): boolean =>
  fact !== 'other' && fact.mode === MODE && (gid === undefined || fact.gid === gid)

const wrongFolder = (gid: number | undefined): Problem =>
  problem(
    'WrongMode',
    'the folder shared is not a directory of root, the group people, and mode 3770',
    `chown root:${gid ?? 'GID-OF-PEOPLE'} it, chmod 3770 it`,
  )
