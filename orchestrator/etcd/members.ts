import { z } from 'zod'
import { type Answer, done, firstDone, type NotDone } from './answer.ts'
import type { Gateway } from './gateway.ts'
import { statusOf } from './status.ts'
import { id } from './wire.ts'

export interface Member {
  readonly id: string
  /** Empty while it was announced and has not started yet. */
  readonly name: string
  readonly peerUrls: readonly string[]
  /** None while it has not started. */
  readonly clientUrls: readonly string[]
  readonly isLearner: boolean
}

/** Who belongs to the cluster, as a majority has it: read through consensus. */
export interface MemberList {
  readonly cluster: string
  readonly members: readonly Member[]
  /** The member that was asked. */
  readonly readBy: string
}

const Wire = z.object({
  ID: id,
  name: z.string().default(''),
  peerURLs: z.array(z.string()).default([]),
  clientURLs: z.array(z.string()).default([]),
  isLearner: z.boolean().default(false),
})

const Listed = z
  .object({ header: z.object({ cluster_id: id, member_id: id }), members: z.array(Wire) })
  .transform(
    ({ header, members }): MemberList => ({
      cluster: header.cluster_id,
      readBy: header.member_id,
      members: members.map(({ ID, name, peerURLs, clientURLs, isLearner }) => ({
        id: ID,
        name,
        peerUrls: peerURLs,
        clientUrls: clientURLs,
        isLearner,
      })),
    }),
  )

/** Ms for each that is asked: without a majority none answers. */
const LIMIT = 3_000

/** The first of them that answers is believed, since none answers without a majority. */
export const readMembers = (
  gateway: Gateway,
  endpoints: readonly string[],
  limit = LIMIT,
): Promise<Answer<MemberList>> =>
  firstDone(endpoints, (endpoint) =>
    gateway.ask({
      endpoint,
      path: 'cluster/member/list',
      body: { linearizable: true },
      answer: Listed,
      limit,
    }),
  )

/** What it answers beside its members list is of no use: the list is read again after each change. */
const Changed = z.object({})

/** @returns the list without it; also where it was gone already. */
export const removeMember = (
  gateway: Gateway,
  endpoints: readonly string[],
  member: string,
): Promise<Answer<MemberList>> =>
  change(gateway, endpoints, 'cluster/member/remove', member, ({ members }) =>
    members.every((one) => one.id !== member),
  )

/** @returns the list in which it is a voter; also where it was one already. */
export const promoteMember = (
  gateway: Gateway,
  endpoints: readonly string[],
  member: string,
): Promise<Answer<MemberList>> =>
  change(gateway, endpoints, 'cluster/member/promote', member, ({ members }) =>
    members.some((one) => one.id === member && !one.isLearner),
  )

/** A reply may be lost after the change was made, and made again it would be refused: so the list has the last word. */
async function change(
  gateway: Gateway,
  endpoints: readonly string[],
  path: string,
  member: string,
  isSo: (list: MemberList) => boolean,
): Promise<Answer<MemberList>> {
  const said = await firstDone(endpoints, (endpoint) =>
    gateway.ask({ endpoint, path, body: { ID: member }, answer: Changed }),
  )
  const list = await readMembers(gateway, endpoints)
  if (list.is !== 'done') return said.is === 'done' ? list : said
  if (isSo(list.value)) return list
  return said.is === 'done' ? unseen(path, member) : said
}

/** Announces a learner, which then has to start; one that was announced before counts. Never a voter: see `projection`. */
export async function addLearner(
  gateway: Gateway,
  endpoints: readonly string[],
  peerUrl: string,
): Promise<Answer<Member>> {
  const said = await firstDone(endpoints, (endpoint) =>
    gateway.ask({
      endpoint,
      path: 'cluster/member/add',
      body: { peerURLs: [peerUrl], isLearner: true },
      answer: Changed,
    }),
  )
  const list = await readMembers(gateway, endpoints)
  if (list.is !== 'done') return said.is === 'done' ? list : said
  const added = list.value.members.find(({ peerUrls }) => peerUrls.includes(peerUrl))
  if (added) return done(added)
  return said.is === 'done' ? unseen('cluster/member/add', peerUrl) : said
}

/** Only the leader can be asked. @returns once the new one leads; also where it did already. */
export async function moveLeader(
  gateway: Gateway,
  leader: string,
  to: { readonly id: string; readonly endpoint: string },
): Promise<Answer<void>> {
  const said = await gateway.ask({
    endpoint: leader,
    path: 'maintenance/transfer-leadership',
    body: { targetID: to.id },
    answer: Changed,
  })
  const status = await statusOf(gateway, to.endpoint)
  if (status.is !== 'done') return said.is === 'done' ? status : said
  if (status.value.leader === to.id) return done(undefined)
  return said.is === 'done' ? unseen('maintenance/transfer-leadership', to.id) : said
}

const unseen = (path: string, what: string): NotDone => ({
  is: 'lost',
  why: `${path} of ${what}: etcd said yes, and it is not so`,
})
