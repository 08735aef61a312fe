import type { Alarm } from '../etcd/maintenance.ts'
import type { Facts, MemberFacts } from './facts.ts'

/** What keeps etcd's databases from filling up. Pure. */

export type Step =
  | { readonly do: 'compact'; readonly endpoint: string; readonly revision: number }
  | { readonly do: 'defragment'; readonly endpoint: string; readonly member: string }
  | { readonly do: 'disarm'; readonly endpoint: string; readonly alarm: Alarm }

/** Something that an administrator should know, with what to do about it. */
export interface Finding {
  readonly kind: 'full' | 'nearlyFull' | 'damaged'
  readonly what: string
  readonly mend: string
}

/** Of the quota: from here on it is told. */
const NEARLY = 0.8
/** Of the quota: above this an alarm that is disarmed is raised again at once. */
const STILL_FULL = 0.95
/** Of the file: what is worth a member's being silent for some seconds. */
const WORTH = 0.5
/** Bytes: a small file is left alone, however much of it is empty. */
const SMALL = 100 * 1024 * 1024

/** etcd's own, where a version does not tell it. */
const QUOTA = 2 * 1024 ** 3

const endpointOf = ({ member }: MemberFacts): string => member.clientUrls[0] ?? ''
const sizeOf = ({ status }: MemberFacts): number => (status ? status.size / (status.quota ?? QUOTA) : 0)
const useOf = ({ status }: MemberFacts): number => (status ? status.inUse / (status.quota ?? QUOTA) : 0)
const emptyOf = ({ status }: MemberFacts): number =>
  status && status.size > 0 ? 1 - status.inUse / status.size : 0
const leads = ({ member, status }: MemberFacts): boolean => status?.leader === member.id
const answering = ({ members }: Facts): readonly MemberFacts[] => members.filter(({ status }) => status)
const isFull = ({ alarms }: Facts): boolean => alarms.some(({ kind }) => kind === 'NOSPACE')

export function findings(facts: Facts): Finding[] {
  const nameOf = (id: string): string =>
    facts.members.find(({ member }) => member.id === id)?.member.name ?? id
  const damaged = facts.alarms.filter(({ kind }) => kind === 'CORRUPT')
  const fullest = [...answering(facts)].sort((a, b) => useOf(b) - useOf(a) || sizeOf(b) - sizeOf(a))[0]
  const share = fullest ? Math.max(sizeOf(fullest), useOf(fullest)) : 0
  const percent = `${Math.round(share * 100)} %`
  return [
    ...damaged.map(
      ({ member }): Finding => ({
        kind: 'damaged',
        what: `etcd on ${nameOf(member)} holds something else than the others`,
        mend: 'step that master down, so that another PC takes its place: docs/recover.md',
      }),
    ),
    ...(isFull(facts)
      ? [
          {
            kind: 'full',
            what: `etcd is full, and takes no writes: ${percent} of its quota`,
            mend: 'it is tidied by itself; where that is not enough, delete what fills it: docs/recover.md',
          } as const,
        ]
      : share >= NEARLY
        ? [
            {
              kind: 'nearlyFull',
              what: `etcd on ${fullest?.member.name} has filled ${percent} of its quota`,
              mend: 'see which kind of object there are most of, and delete what is not needed: docs/recover.md',
            } as const,
          ]
        : []),
  ]
}

/**
 * What to do now, in this order: nothing while something is damaged. A full one is compacted, so that there is something to
 * give back; then member by member is written anew, the leader last; then the alarm goes.
 */
export function planUpkeep(facts: Facts): Step[] {
  if (facts.alarms.some(({ kind }) => kind === 'CORRUPT')) return []
  const there = [...answering(facts)].sort((a, b) => Number(leads(a)) - Number(leads(b)))
  const [first] = there
  if (!first) return []
  const defragment = (one: MemberFacts): Step => ({
    do: 'defragment',
    endpoint: endpointOf(one),
    member: one.member.id,
  })
  if (!isFull(facts))
    return there
      .filter((one) => (one.status?.size ?? 0) > SMALL && emptyOf(one) >= WORTH)
      .map((one) => defragment(one))
  const endpoint = endpointOf(first)
  const revision = Math.max(...there.map(({ status }) => status?.revision ?? 0))
  return [
    { do: 'compact', endpoint, revision },
    ...there.map((one) => defragment(one)),
    ...facts.alarms.map((alarm): Step => ({ do: 'disarm', endpoint, alarm })),
  ]
}

/** Why a step may not be done now, by facts that were read for it alone; undefined when it may. */
export function admit(step: Step, facts: Facts): string | undefined {
  switch (step.do) {
    case 'compact':
      return undefined
    case 'defragment': {
      const voters = facts.members.filter(({ member }) => !member.isLearner)
      const others = voters.filter(
        ({ member, status }) => member.id !== step.member && status?.leader !== undefined,
      )
      // It is silent meanwhile. One that is alone, or takes no writes as it is, has less to lose.
      if (others.length > voters.length / 2 || voters.length === 1 || isFull(facts)) return undefined
      return `only ${others.length} of ${voters.length} voters would answer while ${step.member} is written anew`
    }
    case 'disarm': {
      const full = answering(facts).find((one) => sizeOf(one) >= STILL_FULL)
      return full && `etcd on ${full.member.name} is as full as before: what it holds is too much`
    }
  }
}
