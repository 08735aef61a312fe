import test from 'ava'
import { readAlarms } from '../../../orchestrator/etcd/maintenance.ts'
import { observe, tidy } from '../../../orchestrator/upkeep/tidy.ts'
import { must, ownEtcd } from '../../harness/etcd.ts'
import { eventually } from '../../harness/wait.ts'

const QUOTA = 16 * 1024 * 1024

test('a full etcd takes writes again by itself, the leader written anew last', async (t) => {
  const own = await ownEtcd({ extra: [`--quota-backend-bytes=${QUOTA}`] })
  try {
    const { gateway, endpoints } = own
    t.deepEqual(await tidy(gateway, endpoints), { findings: [], did: [], stopped: undefined })
    const large = 'x'.repeat(1_000_000)
    while ((await own.put('/large', large)).is === 'done');
    await eventually('it is full', async () => must(await readAlarms(gateway, endpoints[0] ?? '')).length > 0)
    const leader = (await own.ids()).get(await own.leader())

    const done = await tidy(gateway, endpoints)
    t.is(done.stopped, undefined)
    t.is(done.findings[0]?.kind, 'full')
    const written = done.did.flatMap((step) => (step.do === 'defragment' ? [step.member] : []))
    t.is(written.length, 3)
    t.is(written[2], leader)
    must(await own.put('/large', 'small'))
    t.deepEqual(must(await observe(gateway, endpoints)).alarms, [])
  } finally {
    await own.lab.down()
  }
})

test('one that holds too much stays full, and that is told', async (t) => {
  const own = await ownEtcd({ members: 1, extra: [`--quota-backend-bytes=${QUOTA}`] })
  try {
    // Each time that it is written anew some room is found, and filled again, until there is none.
    let [at, stopped]: [number, string | undefined] = [0, undefined]
    for (let turn = 0; turn < 8 && stopped === undefined; turn++) {
      while ((await own.put(`/large/${at++}`, 'x'.repeat(100_000))).is === 'done');
      stopped = (await tidy(own.gateway, own.endpoints)).stopped
    }
    t.regex(stopped ?? '', /pc-1 is as full as before: what it holds is too much/)
    t.is((await own.put('/small', 'x')).is, 'refused')
  } finally {
    await own.lab.down()
  }
})
