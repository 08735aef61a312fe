import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { countByKind, countKeys, hashKeys } from '../../../orchestrator/etcd/keys.ts'
import { compact, defragment, disarm, hashKv, readAlarms } from '../../../orchestrator/etcd/maintenance.ts'
import { takeSnapshot } from '../../../orchestrator/etcd/snapshot.ts'
import { statusOf } from '../../../orchestrator/etcd/status.ts'
import { must, type OwnEtcd, ownEtcd } from '../../harness/etcd.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'
import { eventually } from '../../harness/wait.ts'

/** What is asked of a cluster that is well, on one that all of these tests share. */

let own: OwnEtcd
test.before(async () => {
  own = await ownEtcd({ extra: ['--quota-backend-bytes=16777216'] })
})
test.after.always(() => own?.lab.down())

const KEYS = 1_100
const [kinds, folder] = [{ '/registry/pods': KEYS, '/registry/leases': 1, '/other': 1 }, temporaryFolder()]

test.serial(
  'keys are counted by kind, over more than one page, and summed alike by every member',
  async (t) => {
    for (let from = 0; from < KEYS; from += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, at) => own.put(`/registry/pods/desktops/${from + at}`, `pod ${at}`)),
      )
    await own.put('/registry/leases/one', 'a lease')
    await own.put('/other', 'ö')
    const [first = '', ...others] = own.endpoints
    t.is(must(await countKeys(own.gateway, first)), KEYS + 2)
    t.is(must(await countKeys(own.gateway, first, { prefix: '/registry/pods/' })), KEYS)
    t.deepEqual(must(await countByKind(own.gateway, first)), kinds)
    const sum = must(await hashKeys(own.gateway, first, { prefix: '/registry/' }))
    for (const other of others) {
      await eventually(`${other} has the same`, async () => {
        return must(await hashKeys(own.gateway, other, { prefix: '/registry/' })) === sum
      })
    }
    const { revision } = must(await statusOf(own.gateway, first))
    await own.put('/registry/leases/one', 'a lease, renewed')
    t.not(must(await hashKeys(own.gateway, first, { prefix: '/registry/' })), sum)
    t.is(must(await hashKeys(own.gateway, first, { prefix: '/registry/', revision })), sum)
  },
)

test.serial('sums with history are equal where as much was forgotten', async (t) => {
  const [first = '', second = ''] = own.endpoints
  const { revision } = must(await statusOf(own.gateway, first))
  const [one, other] = await Promise.all([
    eventually('first', () => hashKv(own.gateway, first, revision)),
    eventually('second', () => hashKv(own.gateway, second, revision)),
  ])
  t.deepEqual({ ...must(one), member: '' }, { ...must(other), member: '' })
  must(await compact(own.gateway, first, revision))
  must(await compact(own.gateway, first, revision))
  // Of the revision that was compacted it keeps the sum of before; the next one's is of what is left.
  await own.put('/other', 'o')
  const after = must(await hashKv(own.gateway, first, revision + 1))
  t.is(after.compacted, revision)
  t.not(after.hash, must(one).hash)
  t.is((await hashKv(own.gateway, first, 5)).is, 'refused', 'that old a revision is forgotten')
})

test.serial('a snapshot is a file that only its owner reads, and ends with its own sum', async (t) => {
  const file = join(folder, 'whole.db')
  const { size } = must(await takeSnapshot(own.gateway, own.endpoints[1] ?? '', file))
  t.is(statSync(file).size, size)
  t.is(statSync(file).mode & 0o777, 0o600)
  t.is(size % 512, 32)
})

test.serial('a snapshot that breaks off leaves no file', async (t) => {
  const file = join(folder, 'broken.db')
  const answer = await takeSnapshot(own.gateway, own.endpoints[1] ?? '', file, 1)
  t.is(answer.is, 'lost')
  t.throws(() => readFileSync(file), { code: 'ENOENT' })
  writeFileSync(file, 'was there')
  await t.throwsAsync(takeSnapshot(own.gateway, own.endpoints[1] ?? '', file), { code: 'EEXIST' })
  t.is(readFileSync(file, 'utf8'), 'was there')
})

test.serial(
  'a full database takes writes again once it is compacted, defragmented and disarmed',
  async (t) => {
    const [first = ''] = own.endpoints
    const large = 'x'.repeat(1_000_000)
    let refusal: { readonly is: string; readonly why?: string } = { is: 'done' }
    for (let turn = 0; turn < 40 && refusal.is === 'done'; turn++) refusal = await own.put('/large', large)
    t.is(refusal.is, 'refused')
    t.regex(refusal.why ?? '', /database space exceeded/)
    const alarms = await eventually('alarms', async () => must(await readAlarms(own.gateway, first)))
    t.deepEqual([...new Set(alarms.map(({ kind }) => kind))], ['NOSPACE'])
    const before = must(await statusOf(own.gateway, first))
    t.regex(before.errors.join(), /NOSPACE/)
    t.is(before.quota, 16_777_216)

    must(await compact(own.gateway, first, before.revision))
    for (const endpoint of own.endpoints) must(await defragment(own.gateway, endpoint))
    const after = must(await statusOf(own.gateway, first))
    t.true(after.size < before.size / 2, `${before.size} to ${after.size}`)
    for (const alarm of alarms) must(await disarm(own.gateway, first, alarm))
    for (const alarm of alarms) must(await disarm(own.gateway, first, alarm))
    must(await own.put('/large', 'small'))
  },
)
