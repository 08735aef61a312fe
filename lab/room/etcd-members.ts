import { z } from 'zod'
import type { Machine } from '../machine/machine.ts'
import type { Pc } from './plan.ts'

/** What a PC is to etcd. One without a word is no member. */
export type EtcdPart = 'leader' | 'voter' | 'learner' | 'silent'

const PKI = '/etc/kubernetes/pki/etcd'

const List = z.object({
  members: z.array(
    z.object({
      ID: z.string(),
      name: z.string().default(''),
      peerURLs: z.array(z.string()),
      isLearner: z.boolean().default(false),
    }),
  ),
})
type Member = z.infer<typeof List>['members'][number]
const Status = z.object({ leader: z.string().default('0') })

/** What each member is, by the name of its PC, as etcd itself says; empty where no member answers with a quorum. */
export async function etcdMembers(
  machine: Machine,
  pcs: readonly Pc[],
): Promise<ReadonlyMap<string, EtcdPart>> {
  for (const from of pcs) {
    const list = await ask(machine, from, from, 'cluster/member/list', { linearizable: true }, List)
    if (list === undefined) continue
    const parts = list.members.map(async (member): Promise<[string, EtcdPart] | []> => {
      const pc = pcs.find(({ address }) => member.peerURLs.includes(`https://${address}:2380`))
      if (pc === undefined) return []
      const status = await ask(machine, from, pc, 'maintenance/status', {}, Status)
      return [pc.name, partOf(member, status?.leader)]
    })
    return new Map((await Promise.all(parts)).filter((one) => one.length === 2))
  }
  return new Map()
}

/** @param leader by the word of the member itself; undefined where it says nothing */
export function partOf({ ID, isLearner }: Pick<Member, 'ID' | 'isLearner'>, leader?: string): EtcdPart {
  if (leader === undefined) return 'silent'
  return isLearner ? 'learner' : leader === ID ? 'leader' : 'voter'
}

/** Asks the etcd of `of` with what the PC `from` has of keys; undefined where nobody answers, or `from` has none. */
async function ask<T>(
  machine: Machine,
  from: Pc,
  of: Pc,
  path: string,
  body: object,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const keys = ['--cacert', 'ca.crt', '--cert', 'healthcheck-client.crt', '--key', 'healthcheck-client.key']
  const curl = ['curl', '--silent', '--fail', '--max-time', '3', ...keys, '--data', JSON.stringify(body)]
  const args = [
    'podman',
    'exec',
    '--workdir',
    PKI,
    from.name,
    ...curl,
    `https://${of.address}:2379/v3/${path}`,
  ]
  const { code, stdout } = await machine.exec(args)
  return code === 0 ? schema.parse(JSON.parse(stdout)) : undefined
}
