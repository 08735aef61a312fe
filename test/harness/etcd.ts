import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type EtcdLab, type EtcdWish, up } from '../../lab/etcd/etcd.ts'
import type { Answer } from '../../orchestrator/etcd/answer.ts'
import { type Gateway, openGateway } from '../../orchestrator/etcd/gateway.ts'
import { readMembers } from '../../orchestrator/etcd/members.ts'
import { statusOf } from '../../orchestrator/etcd/status.ts'
import { eventually } from './wait.ts'

/** A cluster of real etcd for one test file, and what tests ask of it. */
export interface OwnEtcd {
  readonly lab: EtcdLab
  readonly gateway: Gateway
  readonly endpoints: readonly string[]
  put(key: string, value: string, endpoint?: string, limit?: number): Promise<Answer<unknown>>
  /** Ids by name, of those that have started. */
  ids(): Promise<ReadonlyMap<string, string>>
  /** The name of the member that leads, as those of them that answer agree. */
  leader(): Promise<string>
}

export async function ownEtcd(wish: Omit<EtcdWish, 'name' | 'ownerPid'> = {}): Promise<OwnEtcd> {
  const lab = await up({
    ...wish,
    name: `test-etcd-${randomBytes(3).toString('hex')}`,
    ownerPid: process.pid,
  })
  return etcdOf(lab)
}

export function etcdOf(lab: EtcdLab): OwnEtcd {
  const gateway = openGateway(lab.credentials)
  const endpoints = lab.members.map(({ clientUrl }) => clientUrl)
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return {
    lab,
    gateway,
    endpoints,
    put: (key, value, endpoint = endpoints[0] ?? '', limit = 5_000) =>
      gateway.ask({
        endpoint,
        path: 'kv/put',
        body: { key: base64(key), value: base64(value) },
        answer: z.object({}),
        limit,
      }),
    async ids() {
      const { members } = must(await readMembers(gateway, endpoints))
      return new Map(members.map(({ name, id }) => [name, id]))
    },
    leader: () =>
      eventually('the members agree on a leader', async () => {
        const running = lab.members.filter((member) => member.runs())
        const told = await Promise.all(running.map(({ clientUrl }) => statusOf(gateway, clientUrl)))
        const leaders = new Set(told.map((one) => (one.is === 'done' ? one.value.leader : undefined)))
        const [leader] = leaders
        if (leaders.size !== 1 || leader === undefined) return undefined
        const at = told.findIndex((one) => one.is === 'done' && one.value.member === leader)
        return running[at]?.name
      }),
  }
}

/** @throws with etcd's reason where it did not do what was asked. */
export function must<T>(answer: Answer<T>): T {
  if (answer.is === 'done') return answer.value
  throw new Error(`${answer.is}: ${answer.why}`)
}
