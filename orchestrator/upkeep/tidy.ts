import { type Answer, done, firstDone } from '../etcd/answer.ts'
import type { Gateway } from '../etcd/gateway.ts'
import { compact, defragment, disarm, readAlarms } from '../etcd/maintenance.ts'
import { readMembers } from '../etcd/members.ts'
import { statusOf } from '../etcd/status.ts'
import { admit, type Finding, findings, planUpkeep, type Step } from './decide.ts'
import type { Facts } from './facts.ts'

export async function observe(gateway: Gateway, endpoints: readonly string[]): Promise<Answer<Facts>> {
  const list = await readMembers(gateway, endpoints)
  if (list.is !== 'done') return list
  const members = await Promise.all(
    list.value.members.map(async (member) => {
      const [endpoint] = member.clientUrls
      const status = endpoint === undefined ? undefined : await statusOf(gateway, endpoint)
      return { member, status: status?.is === 'done' ? status.value : undefined }
    }),
  )
  const alarms = await firstDone(endpoints, (endpoint) => readAlarms(gateway, endpoint))
  return alarms.is === 'done' ? done({ members, alarms: alarms.value }) : alarms
}

export interface Tidied {
  readonly findings: readonly Finding[]
  readonly did: readonly Step[]
  /** Why it stopped before its end. */
  readonly stopped: string | undefined
}

/** Looks, and does what there is to do, step by step; before each it looks again. */
export async function tidy(gateway: Gateway, endpoints: readonly string[]): Promise<Tidied> {
  const seen = await observe(gateway, endpoints)
  if (seen.is !== 'done') return { findings: [], did: [], stopped: seen.why }
  const told = findings(seen.value)
  const did: Step[] = []
  for (const step of planUpkeep(seen.value)) {
    const fresh = await observe(gateway, endpoints)
    const why = fresh.is === 'done' ? admit(step, fresh.value) : fresh.why
    if (why !== undefined) return { findings: told, did, stopped: why }
    const answer = await act(gateway, step)
    if (answer.is !== 'done') return { findings: told, did, stopped: answer.why }
    did.push(step)
  }
  return { findings: told, did, stopped: undefined }
}

function act(gateway: Gateway, step: Step): Promise<Answer<void>> {
  switch (step.do) {
    case 'compact':
      return compact(gateway, step.endpoint, step.revision)
    case 'defragment':
      return defragment(gateway, step.endpoint)
    case 'disarm':
      return disarm(gateway, step.endpoint, step.alarm)
  }
}
