import type { Clock } from '../../service/clock.ts'
import { type Answer, done, firstDone } from '../etcd/answer.ts'
import type { Gateway } from '../etcd/gateway.ts'
import { type Alarm, readAlarms } from '../etcd/maintenance.ts'
import { type Member as Listed, readMembers } from '../etcd/members.ts'
import { type Status, statusOf } from '../etcd/status.ts'
import type { Etcd } from '../facts.ts'

/** The list of members, and what each says of itself at its own client URL. */

/** A PC by which a member may run, and its address. */
export interface Address {
  readonly name: string
  readonly address: string
}

/** What is known of members from the look before: one that was silent is not waited for as long. */
export type Silent = ReadonlySet<string>

/** Where etcd of a master is asked. */
export const etcdEndpoint = (address: string): string =>
  `https://${address.includes(':') ? `[${address}]` : address}:2379`

/** Ms that a member may take to answer: one that answered before, and one that was silent. */
const PATIENCE = { answered: 3_000, silent: 1_000 } as const
/** Ms from one try to the next, which are not waited for one after the other. */
const NEXT_TRY = 800

/**
 * @param masters the PCs that are asked
 * @param pcs all that are known: one that has not started yet is known by its address alone
 * @returns who there is; where no list could be read, why
 */
export async function observeEtcd(
  gateway: Gateway,
  masters: readonly Address[],
  pcs: readonly Address[],
  silent: Silent,
  clock: Clock,
): Promise<Answer<Etcd & { readonly silent: Silent; readonly addresses: readonly Address[] }>> {
  const asked = [...masters].sort((a, b) => Number(silent.has(a.name)) - Number(silent.has(b.name)))
  const endpoints = asked.map(({ address }) => etcdEndpoint(address))
  const list = await readMembers(gateway, endpoints, PATIENCE.answered)
  if (list.is !== 'done') return list
  const [statuses, alarms] = await Promise.all([
    Promise.all(
      list.value.members.map(async (member) => ({
        member,
        status: await said(
          gateway,
          member,
          silent.has(pcOf(member, pcs)) ? PATIENCE.silent : PATIENCE.answered,
          clock,
        ),
      })),
    ),
    firstDone(endpoints, (endpoint) => readAlarms(gateway, endpoint)),
  ])
  if (alarms.is !== 'done') return alarms
  const members = etcdFrom(statuses, alarms.value, pcs)
  return done({
    members,
    silent: new Set(members.filter(({ answers }) => !answers).map(({ pc }) => pc)),
    addresses: list.value.members.map((one) => ({ name: pcOf(one, pcs), address: addressOf(one) })),
  })
}

/** Three tries, each begun a moment after the one before: under load one may be lost, and who is off costs no more time. */
async function said(
  gateway: Gateway,
  { clientUrls: [endpoint] }: Listed,
  patience: number,
  clock: Clock,
): Promise<Status | undefined> {
  if (endpoint === undefined) return undefined
  const tries = [0, NEXT_TRY, 2 * NEXT_TRY].filter((at) => at < patience)
  const answered = new AbortController()
  const attempts = tries.map(async (at) => {
    await clock.sleep(at, answered.signal)
    if (answered.signal.aborted) throw new Error('another try was answered')
    const answer = await statusOf(gateway, endpoint, patience - at, 1)
    if (answer.is !== 'done') throw new Error(answer.why)
    return answer.value
  })
  try {
    return await Promise.any(attempts)
  } catch {
    return undefined
  } finally {
    answered.abort()
  }
}

/** Pure: members as decisions see them. */
export function etcdFrom(
  statuses: readonly { readonly member: Listed; readonly status: Status | undefined }[],
  alarms: readonly Alarm[],
  pcs: readonly Address[],
): Etcd['members'] {
  const leaders = new Set(statuses.flatMap(({ status }) => status?.leader ?? []))
  return statuses.map(({ member, status }) => ({
    id: member.id,
    pc: pcOf(member, pcs),
    learner: member.isLearner,
    started: member.name !== '',
    // One that knows no leader serves nobody, and one under that address may be another one than is listed.
    answers: status !== undefined && status.member === member.id && status.leader !== undefined,
    leader: leaders.has(member.id) && status?.leader === member.id,
    alarms: alarms.filter((one) => one.member === member.id).map(({ kind }) => kind),
  }))
}

/** kubeadm names a member like its Node; one that has not started yet has no name, and is known by its address. */
function pcOf(member: Listed, pcs: readonly Address[]): string {
  if (member.name !== '') return member.name
  const own = addressOf(member)
  return pcs.find(({ address }) => address === own)?.name ?? own
}

const addressOf = ({ peerUrls }: Listed): string => hostOf(peerUrls[0] ?? '')

const hostOf = (url: string): string =>
  URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : url
