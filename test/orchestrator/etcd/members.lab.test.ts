import test from 'ava'
import { openGateway } from '../../../orchestrator/etcd/gateway.ts'
import {
  addLearner,
  moveLeader,
  promoteMember,
  readMembers,
  removeMember,
} from '../../../orchestrator/etcd/members.ts'
import { statusOf } from '../../../orchestrator/etcd/status.ts'
import { must, type OwnEtcd, ownEtcd } from '../../harness/etcd.ts'
import { eventually } from '../../harness/wait.ts'

/** The life of a member, in clusters that each test has for itself. */

async function withEtcd(members: number, work: (own: OwnEtcd) => Promise<void>): Promise<void> {
  const own = await ownEtcd({ members })
  await work(own).finally(() => own.lab.down())
}

const well = { is: 'done' } as const

test.serial('ids keep all their digits, and every member has the same list', async (t) => {
  await withEtcd(3, async ({ gateway, endpoints, lab }) => {
    const lists = await Promise.all(endpoints.map((one) => readMembers(gateway, [one])))
    const [first, ...others] = lists.map(must)
    for (const { members, cluster } of others)
      t.deepEqual({ members, cluster }, { members: first?.members ?? [], cluster: first?.cluster ?? '' })
    for (const { id, isLearner } of first?.members ?? []) {
      t.is(BigInt(id).toString(), id)
      t.false(isLearner)
    }
    t.deepEqual(
      first?.members.map(({ name, clientUrls }) => [name, ...clientUrls]).sort(),
      lab.members.map(({ name, clientUrl }) => [name, clientUrl]),
    )
    // Which id is whose: what a member says of itself is what the list says of it.
    for (const { clientUrl } of lab.members) {
      const status = must(await statusOf(gateway, clientUrl))
      const member = first?.members.find(({ clientUrls }) => clientUrls.includes(clientUrl))
      t.is(status.member, member?.id ?? '')
    }
  })
})

test.serial(
  'nobody is answered without a certificate, or where the server’s is not to be trusted',
  async (t) => {
    await withEtcd(1, async ({ lab, endpoints: [endpoint = ''] }) => {
      const { authority, certificate, key } = lab.credentials
      const bare = await statusOf(openGateway({ authority, certificate: '', key: '' }), endpoint)
      t.like(bare, { is: 'lost' })
      // Its own certificate is no authority: so nothing signed the server's.
      const strange = await statusOf(openGateway({ authority: certificate, certificate, key }), endpoint)
      t.like(strange, { is: 'lost' })
      // Its certificate is for 127.0.0.1 and localhost.
      const elsewhere = await statusOf(
        openGateway(lab.credentials),
        endpoint.replace('127.0.0.1', '127.0.0.2'),
      )
      t.like(elsewhere, { is: 'lost' })
    })
  },
)

test.serial('a dead member gives way to a new one, and what was done already counts as done', async (t) => {
  await withEtcd(3, async (own) => {
    const { lab, gateway, endpoints, put } = own
    t.like(await put('/a', 'before'), well)
    const ids = await own.ids()
    const [gone = lab.members[0], ...left] = lab.members
    const dead = ids.get(gone?.name ?? '') ?? ''
    await gone?.kill()
    // The first endpoint is the dead one's: the next is asked.
    const removed = must(await removeMember(gateway, endpoints, dead))
    t.is(removed.members.length, 2)
    t.like(await removeMember(gateway, endpoints, dead), well, 'once more')

    const heir = await lab.newcomer('pc-4', left)
    // For five seconds after a change etcd itself refuses the next one, as its check of a cluster's health wants it.
    const learner = await eventually('a learner may be announced', async () => {
      const answer = await addLearner(gateway, endpoints, heir.peerUrl)
      return answer.is === 'done' ? answer.value : undefined
    })
    t.true(learner.isLearner)
    t.is(learner.name, '', 'it has not started')
    t.is(must(await addLearner(gateway, endpoints, heir.peerUrl)).id, learner.id, 'once more')
    const early = await promoteMember(gateway, endpoints, learner.id)
    t.true(early.is !== 'done' && /not in sync|learner/.test(early.why), JSON.stringify(early))
    await heir.start()
    await eventually('the learner is in sync', async () => {
      return (await promoteMember(gateway, endpoints, learner.id)).is === 'done'
    })
    t.like(await promoteMember(gateway, endpoints, learner.id), well, 'once more')
    await lab.answer([heir])
    t.like(await put('/a', 'after', heir.clientUrl), well)

    // The removed one comes back with its disk: etcd ends by itself.
    await gone?.start()
    await eventually('the removed member ends', () => !gone?.runs())
  })
})

test.serial(
  'without a majority nothing is said to be done, and what was asked for may be done yet',
  async (t) => {
    await withEtcd(3, async (own) => {
      const { lab, gateway, endpoints } = own
      const [first, second, third] = lab.members
      const ids = await own.ids()
      const last = { id: ids.get('pc-3') ?? '', endpoint: third?.clientUrl ?? '' }
      const leader = await own.leader()
      const led = lab.members.find(({ name }) => name === leader)?.clientUrl ?? ''
      t.like(await moveLeader(gateway, led, last), well)
      await first?.kill()
      await second?.kill()
      const removed = await removeMember(gateway, endpoints, ids.get('pc-1') ?? '')
      t.is(removed.is, 'lost', JSON.stringify(removed))
      t.is((await readMembers(gateway, endpoints)).is, 'lost')
      await eventually('it knows of no leader, and says so', async () => {
        const told = await statusOf(gateway, last.endpoint)
        return told.is === 'done' && told.value.leader === undefined && told.value.errors.length > 0
      })
      // It stood in the log of the one that led: with a second one there it is a majority's.
      await second?.start()
      await eventually('the removal that nobody confirmed is made', async () => {
        const list = await readMembers(gateway, endpoints)
        return list.is === 'done' && list.value.members.length === 2
      })
    })
  },
)

test.serial('the leader moves, and one that leads already has moved', async (t) => {
  await withEtcd(3, async (own) => {
    const { lab, gateway } = own
    const ids = await own.ids()
    const leader = await own.leader()
    const at = (name: string) => lab.members.find((one) => one.name === name)?.clientUrl ?? ''
    const to = lab.members.map(({ name }) => name).find((name) => name !== leader) ?? ''
    const target = { id: ids.get(to) ?? '', endpoint: at(to) }
    t.like(await moveLeader(gateway, at(leader), target), well)
    t.is(await own.leader(), to)
    t.like(await moveLeader(gateway, at(leader), target), well, 'asked of one that leads no more')
    t.is((await moveLeader(gateway, at(to), { id: '12345', endpoint: at(leader) })).is, 'refused')
  })
})

test.serial('a member that holds its connections is given up after three probes', async (t) => {
  await withEtcd(3, async (own) => {
    const [first] = own.lab.members
    first?.hold()
    const told = await statusOf(own.gateway, first?.clientUrl ?? '', 300)
    first?.release()
    t.deepEqual(told, {
      is: 'lost',
      why: `${first?.clientUrl}/v3/maintenance/status: no answer within 300 ms`,
    })
  })
})
