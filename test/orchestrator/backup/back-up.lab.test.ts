import { createHash, randomBytes } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { type BackedUp, backUp, type Work } from '../../../orchestrator/backup/back-up.ts'
import type { Belonging } from '../../../orchestrator/backup/belongings.ts'
import { openFolder } from '../../../orchestrator/backup/place.ts'
import { type Proven, prove } from '../../../orchestrator/backup/prove.ts'
import type { Programs } from '../../../orchestrator/backup/throw-away.ts'
import { unseal } from '../../../orchestrator/backup/unseal.ts'
import { takeSnapshot } from '../../../orchestrator/etcd/snapshot.ts'
import { systemClock } from '../../../service/clock.ts'
import { must, type OwnEtcd, ownEtcd } from '../../harness/etcd.ts'
import { etcdPrograms, layBelongings } from '../../harness/etcd-backup.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

/** Copies of a real cluster, proven by etcd's own programs; and everything that must not count as one. */

let [own, programs, belongings]: [OwnEtcd, Programs, readonly Belonging[]] = [
  {} as OwnEtcd,
  {} as Programs,
  [],
]
const folder = temporaryFolder()
/** So long that it lies in the file as it is, and nowhere twice. */
const MARK = randomBytes(40).toString('hex')

test.before(async () => {
  own = await ownEtcd()
  programs = await etcdPrograms()
  belongings = await layBelongings(join(folder, 'kubernetes'))
  for (let at = 0; at < 40; at++) await own.put(`/registry/pods/desktops/p-${at}`, `${at}`.repeat(1_000))
  await own.put('/registry/secrets/marked', MARK)
  await own.put('/other', 'x')
})
test.after.always(() => own?.lab.down())

let made = 0
/** A snapshot of a member that does not lead, altered or not, and what comes of proving it. */
async function proven(
  alter: (bytes: Buffer) => Buffer = (same) => same,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<Proven> {
  const leader = await own.leader()
  const [source, ...others] = own.lab.members
    .filter(({ name }) => name !== leader)
    .map(({ clientUrl }) => clientUrl)
  const at = join(folder, `s${++made}`)
  must(await takeSnapshot(own.gateway, source ?? '', at))
  writeFileSync(at, alter(readFileSync(at)))
  await meanwhile()
  return prove({
    gateway: own.gateway,
    source: source ?? '',
    others,
    programs,
    snapshot: at,
    folder: join(folder, `p${made}`),
  })
}

const work = async (): Promise<Work> => {
  return {
    gateway: own.gateway,
    endpoints: own.endpoints,
    programs,
    belongings,
    recipients: [await identityToRecipient(await generateX25519Identity())],
    place: openFolder(join(folder, 'copies'), Date.now, 0),
    scratch: join(folder, 'x'),
    clock: systemClock,
  }
}

const refusalOf = (made: BackedUp): string => ('refusal' in made ? made.refusal : '')

test.serial('a copy is proven against every voter, and opens to the same', async (t) => {
  const key = await generateX25519Identity()
  const wanted = { ...(await work()), recipients: [await identityToRecipient(key)] }
  const done = await backUp(wanted)
  if ('refusal' in done) return t.fail(done.refusal)
  const { etcd } = done.manifest
  t.deepEqual(etcd.kinds, { '/registry/pods': 40, '/registry/secrets': 1, '/other': 1 })
  t.is(etcd.keys, 42)
  t.is(etcd.agreed.length, 3)
  t.deepEqual(await wanted.place.list(), [
    {
      name: done.name,
      at: Date.parse(done.manifest.at) - (Date.parse(done.manifest.at) % 1_000),
      revision: etcd.revision,
    },
  ])
  const read = await unseal(wanted.place.path(done.name), key, join(folder, 'opened'))
  t.false('unreadable' in read)
  t.true(readFileSync(join(folder, 'opened/content/etcd.db')).includes(MARK))
  t.deepEqual(readdirSync(join(folder, 'x')), [], 'nothing is left of what was in between')
})

test.serial('what is written meanwhile is no part of a copy, and in its way neither', async (t) => {
  const while_ = async () => {
    for (let at = 0; at < 5; at++) await own.put('/registry/leases/later', `${at}`)
  }
  const told = await proven(undefined, while_)
  t.is(told.is, 'proven')
  if (told.is === 'proven') t.is(told.proof.kinds['/registry/leases'], undefined)
})

test.serial('one flipped bit anywhere, or an end that is missing: no backup', async (t) => {
  const flips = [5_000, 0.4, 0.9]
  for (const at of flips) {
    const told = await proven((bytes) => flipped(bytes, at < 1 ? Math.floor(bytes.length * at) : at))
    t.is(told.is, 'refused', `a bit at ${at}`)
  }
  for (const left of [0.5, 0.99]) {
    const told = await proven((bytes) => bytes.subarray(0, Math.floor(bytes.length * left)))
    t.is(told.is, 'refused', `cut off at ${left}`)
  }
  t.is((await proven((bytes) => bytes.subarray(0, -32))).is, 'refused', 'without its sum')
  t.is((await proven(() => Buffer.alloc(0))).is, 'refused', 'nothing')
})

test.serial('a flipped bit that its sum hides from etcd is found by comparing', async (t) => {
  const told = await proven((bytes) => summed(everyFlipped(bytes, MARK)))
  t.deepEqual(
    told.is === 'refused' ? told.why.replace(/\d+/, 'N') : told,
    'what the copy holds is not what was there at revision N',
  )
})

test.serial('the snapshot of another cluster is no backup of this one', async (t) => {
  const other = await ownEtcd({ members: 1 })
  const file = join(folder, 'strange')
  await other.put('/registry/pods/desktops/p-1', 'x')
  must(await takeSnapshot(other.gateway, other.endpoints[0] ?? '', file))
  await other.lab.down()
  const told = await proven(() => readFileSync(file))
  t.is(told.is, 'refused', JSON.stringify(told))
})

test.serial(
  'without a majority, or without a public key, no copy is made and none is left behind',
  async (t) => {
    const [first, second] = own.lab.members
    await t.throwsAsync(async () => backUp({ ...(await work()), recipients: [] }), { message: /public key/ })
    await first?.kill()
    await second?.kill()
    t.regex(refusalOf(await backUp(await work())), /the members of etcd cannot be read/)
    await first?.start()
    await second?.start()
    await own.lab.answer(own.lab.members)
    t.is(readdirSync(join(folder, 'copies')).length, 1)
    t.deepEqual(readdirSync(join(folder, 'x')), [])
  },
)

test.serial('with one master off, and with one alone, there are copies all the same', async (t) => {
  const leader = await own.leader()
  const off = own.lab.members.find(({ name }) => name !== leader)
  await off?.kill()
  const done = await backUp(await work())
  t.is('refusal' in done ? done.refusal : done.manifest.etcd.agreed.length, 2)
  await off?.start()
  await own.lab.answer(own.lab.members)
})

test.serial('a member whose disk has altered something is found before it is copied', async (t) => {
  const leader = await own.leader()
  const [odd] = own.lab.members.filter(({ name }) => name !== leader)
  await own.put('/registry/secrets/settled', 'x')
  await odd?.kill()
  const file = join(odd?.data ?? '', 'member/snap/db')
  const bytes = readFileSync(file)
  t.true(statSync(file).size > 0)
  copyFileSync(file, join(folder, 'kept.db'))
  let places = 0
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1), places++)
    bytes[at] = (bytes[at] ?? 0) ^ 1
  t.true(places > 0)
  writeFileSync(file, bytes)
  await odd?.start()
  await own.lab.answer(own.lab.members)
  t.regex(refusalOf(await backUp(await work())), /members of etcd hold different things at revision \d+/)
})

function flipped(bytes: Buffer, at: number): Buffer {
  const altered = Buffer.from(bytes)
  altered[at] = (altered[at] ?? 0) ^ 1
  return altered
}

/** Wherever that text stands: pages that the database has given up still hold what was in them. */
function everyFlipped(bytes: Buffer, text: string): Buffer {
  let altered = bytes
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) altered = flipped(altered, at)
  return altered
}

/** With the sum that fits at its end. */
function summed(bytes: Buffer): Buffer {
  const body = bytes.subarray(0, -32)
  return Buffer.concat([body, createHash('sha256').update(body).digest()])
}
