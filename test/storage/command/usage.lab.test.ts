import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { Chart, Testing } from 'cdk8s'
import { pino } from 'pino'
import { identityDefinition } from '../../../charts/identity/definition.ts'
import { usageDefinition } from '../../../charts/storage/definitions.ts'
import { usageStore } from '../../../cluster/storage-usage.ts'
import {
  API_GROUP,
  API_VERSION,
  GATEWAY,
  IDENTITY,
  NAMESPACES,
  STORAGE_USAGE,
} from '../../../config/names.ts'
import type { ClusterView } from '../../../gateway/cluster/view.ts'
import { openUsage } from '../../../gateway/storage/usage.ts'
import { systemClock } from '../../../service/clock.ts'
import { openStorage } from '../../../storage/homes/disk.ts'
import { newRoomTeller } from '../../../storage/homes/room.ts'
import { forgetFormer } from '../../../storage/usage/former.ts'
import { keepUsage, type UsageWork } from '../../../storage/usage/keep.ts'
import { OFFER } from '../../gateway/offered.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { deskfleet } from '../../harness/platform.ts'
import { eventually } from '../../harness/wait.ts'

/** What homes take up: measured on real files, kept by a real API server, and read by command. */

const ADA = '0a4e8b7c-0000-4000-8000-000000000001'
const BOB = 'f1234567-0000-4000-8000-000000000002'
const GONE = 'c0000000-0000-4000-8000-000000000003'

let own: OwnLab
let root: string

const identity = (login: string, uid: number, entryUUID: string) => ({
  apiVersion: `${API_GROUP}/${API_VERSION}`,
  kind: IDENTITY.kind,
  metadata: { name: login },
  spec: {
    ...{ login, uid, gid: 10_000, groups: [], home: `/home/${login}`, shell: '/bin/bash' },
    entryUUID,
  },
})
const offer = (more: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: GATEWAY.config, namespace: NAMESPACES.system },
  data: { 'desktops.json': JSON.stringify(more) },
})

test.before(async (t) => {
  t.timeout(180_000)
  own = await ownLab()
  const chart = new Chart(Testing.app(), 'definitions')
  identityDefinition(chart)
  usageDefinition(chart)
  for (const one of chart.toJson()) await must(own.lab, ['apply', '-f', '-'], one)
  for (const name of [NAMESPACES.storage, NAMESPACES.system])
    await must(own.lab, ['create', 'namespace', name])
  for (const { plural } of [IDENTITY, STORAGE_USAGE])
    await eventually(
      `${plural} are served`,
      async () => (await own.lab.run(['get', plural, '-A'])).code === 0,
    )
  root = mkdtempSync(join(tmpdir(), 'deskfleet-usage-'))
  for (const home of [ADA, BOB, GONE]) mkdirSync(join(root, 'homes', home), { recursive: true })
  writeFileSync(join(root, 'homes', ADA, 'a'), Buffer.alloc(3_000_000, 1))
  writeFileSync(join(root, 'homes', BOB, 'b'), Buffer.alloc(400_000, 1))
  for (let n = 0; n < 7; n++) writeFileSync(join(root, 'homes', BOB, `b-${n}`), 'x')
  writeFileSync(join(root, 'homes', GONE, 'c'), Buffer.alloc(100_000, 1))
})
test.after.always(async () => {
  if (root) rmSync(root, { recursive: true, force: true })
  await own?.end()
})

/** Measures once. */
async function measure(): Promise<void> {
  const stop = new AbortController()
  const failed = Promise.withResolvers<void>()
  const work: UsageWork = {
    clock: systemClock,
    store: usageStore(own.kubeConfig, 'test'),
    place: async () => ({ set: 1, pc: undefined, beside: 0, walk: { way: [], folder: root, without: [] } }),
    list: async () => undefined,
    listener: { measured: () => failed.resolve(), failed: failed.reject },
  }
  const kept = keepUsage(work, stop.signal)
  await failed.promise.finally(() => stop.abort())
  await kept
}

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await deskfleet(own.lab, 'storage', 'usage', '-o', 'json', ...args)
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as { person: string; size: number; files: number; over?: boolean }[]
}

test.serial('before anything was measured it says so', async (t) => {
  await eventually('it is read', async () => (await deskfleet(own.lab, 'storage', 'usage')).code === 0)
  t.regex((await deskfleet(own.lab, 'storage', 'usage')).stdout, /nothing was measured yet/)
})

test.serial('each person, the most first, and who is gone', async (t) => {
  await must(own.lab, ['create', '-f', '-'], identity('ada', 10_001, ADA))
  await must(own.lab, ['create', '-f', '-'], identity('bob', 10_002, BOB))
  await measure()
  const people = await json()
  t.deepEqual(
    people.map(({ person, files }) => [person, files]),
    [
      ['ada', 1],
      ['bob', 8],
      [`(gone) ${GONE}`, 1],
    ],
  )
  t.true((people[0]?.size ?? 0) >= 3_000_000)
  t.deepEqual(
    (await json('--sort', 'files')).map(({ person }) => person),
    ['bob', 'ada', `(gone) ${GONE}`],
  )
  t.is((await deskfleet(own.lab, 'storage', 'usage', '--over')).code, 1)
})

test.serial(
  'what is gone from a home is gone from the figures, and a home that is gone as well',
  async (t) => {
    rmSync(join(root, 'homes', ADA, 'a'))
    writeFileSync(join(root, 'homes', ADA, 'small'), 'x')
    rmSync(join(root, 'homes', GONE), { recursive: true })
    await measure()
    t.deepEqual(
      (await json()).map(({ person }) => person),
      ['bob', 'ada'],
    )
  },
)

test.serial('who has more than the limit is said', async (t) => {
  await must(own.lab, ['apply', '-f', '-'], offer({ storageLimit: 300_000 }))
  t.deepEqual(
    (await json('--over')).map(({ person, over }) => [person, over]),
    [['bob', true]],
  )
  const { stdout } = await deskfleet(own.lab, 'storage', 'usage')
  t.regex(stdout, /PERSON +SIZE +FILES +OVER\nbob +\d+ kB +8 +yes\nada/)
  t.regex(stdout, /set 1: \d+ kB in 9 files, measured 20/)
})

test.serial('the gateway sees it as it changes, and who is over', async (t) => {
  const identities = [
    ['ada', ADA],
    ['bob', BOB],
  ].map(([name = '', entryUUID = '']) => ({ identity: { metadata: { name }, spec: { entryUUID } } }))
  const people = { all: () => identities, onChange: () => {} } as unknown as ClusterView['people']
  const offer = { ...OFFER, usageIsTold: true, storageLimit: 300_000 }
  const usage = openUsage(own.kubeConfig, { people }, () => offer, pino({ level: 'silent' }))
  t.teardown(() => usage.stop())
  const seen = () => usage.sums().people.map(({ slug }) => slug)
  await eventually('both are seen', async () => seen().join() === 'bob,ada')
  t.like(usage.over(BOB), { limit: 300_000, used: { files: 8 } })
  t.is(usage.over(ADA), undefined)
  writeFileSync(join(root, 'homes', ADA, 'large'), Buffer.alloc(9_000_000, 1))
  await measure()
  await eventually('ada has most', async () => seen().join() === 'ada,bob')
  t.truthy(usage.over(ADA))
  rmSync(join(root, 'homes', ADA, 'large'))
  await measure()
})

test.serial('of a directory, the status says how much room there is', async (t) => {
  const failures: unknown[] = []
  const tell = newRoomTeller(usageStore(own.kubeConfig, 'test'), (error) => failures.push(error))
  tell({ whole: 1e12, free: 1e10, files: 0, filesFree: 0 })
  await eventually('it is told', async () => {
    const { code, stdout } = await deskfleet(own.lab, 'storage', 'status')
    return code === 0 && /free: +10\.0 GB/.test(stdout)
  })
  const { stdout } = await deskfleet(own.lab, 'storage', 'status')
  t.regex(stdout, /nearlyFull: +yes/)
  t.regex(stdout, /most: +bob/)
  t.regex(stdout, /overLimit: +1 of 2 people/)
  t.deepEqual(failures, [])
})

test.serial('once homes are on a volume, what was told of the directory is gone', async (t) => {
  const store = usageStore(own.kubeConfig, 'test')
  const names = async (): Promise<string[]> => (await store.all()).map(({ name }) => name).sort()
  const failures: unknown[] = []
  const wish = { store, clock: systemClock, failed: (error: unknown) => failures.push(error) }
  const signal = AbortSignal.timeout(30_000)
  const before = await names()
  t.true(before.includes('room') && before.includes('set-1'))
  await forgetFormer({ ...wish, kind: 'directory' }, signal)
  t.deepEqual(await names(), before, 'a directory has both')
  await store.write('set-2', {
    ...{ is: 'set', set: 2, measured: new Date().toISOString(), unread: 0 },
    ...{ homes: { bytes: 1, files: 1 }, shared: { bytes: 0, files: 0 } },
    ...{ trash: { bytes: 0, files: 0 }, other: { bytes: 0, files: 0 } },
  })
  await forgetFormer({ ...wish, kind: 'directory' }, signal)
  t.deepEqual(await names(), before, 'a directory has no second set')
  await forgetFormer({ ...wish, kind: 'volume' }, signal)
  t.deepEqual(
    await names(),
    before.filter((name) => name !== 'room'),
  )
  t.deepEqual(failures, [])
})

test.serial('a real disk that fills up is told, and that it has room again', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'deskfleet-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'small', disk])
  t.teardown(() => {
    execFileSync('umount', ['--lazy', disk])
    rmSync(disk, { recursive: true })
  })
  const founded = await openStorage(disk)
  await founded.found()
  await founded.close()
  const failures: unknown[] = []
  const tell = newRoomTeller(usageStore(own.kubeConfig, 'test'), (error) => failures.push(error))
  const says = async (word: 'yes' | 'no') =>
    await eventually(`it is told that it is nearly full: ${word}`, async () => {
      const storage = await openStorage(disk)
      const seen = await storage.look().finally(() => storage.close())
      tell(seen.state === 'there' ? seen.space : undefined)
      const { stdout } = await deskfleet(own.lab, 'storage', 'status')
      return new RegExp(`nearlyFull: +${word}`).test(stdout)
    })
  await says('no')
  t.throws(() => writeFileSync(join(disk, 'big'), Buffer.alloc(80e6)), { code: 'ENOSPC' })
  await says('yes')
  rmSync(join(disk, 'big'))
  await says('no')
  t.deepEqual(failures, [])
})
