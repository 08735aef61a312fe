import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { collect } from '../../../orchestrator/backup/belongings.ts'
import { nameOf } from '../../../orchestrator/backup/decide.ts'
import { type Manifest, manifestOf } from '../../../orchestrator/backup/manifest.ts'
import { openFolder, prune } from '../../../orchestrator/backup/place.ts'
import { seal } from '../../../orchestrator/backup/seal.ts'
import { unseal } from '../../../orchestrator/backup/unseal.ts'
import { layBelongings } from '../../harness/etcd-backup.ts'
import { temporaryFolder } from '../../harness/temporary-folder.ts'

let [key, other, recipient] = ['', '', '']
test.before(async () => {
  key = await generateX25519Identity()
  other = await generateX25519Identity()
  recipient = await identityToRecipient(key)
})

const AT = new Date('2026-11-27T16:00:00Z')

const proof = {
  revision: 100,
  keys: 3,
  kinds: { '/registry/pods': 3 },
  hash: 7,
  compacted: -1,
  version: '3.7.3',
  agreed: ['1', '2'],
}

interface Made {
  readonly folder: string
  readonly file: string
  readonly snapshot: Buffer
}

async function made(change: (manifest: Manifest) => Manifest = (same) => same): Promise<Made> {
  const folder = temporaryFolder()
  const belongings = await layBelongings(join(folder, 'kubernetes'))
  // More than a piece of age's.
  const snapshot = randomBytes(300_000)
  writeFileSync(join(folder, 'etcd.db'), snapshot)
  const sum = createHash('sha256').update(snapshot).digest('hex')
  const manifest = change(manifestOf(proof, [], AT, belongings, sum))
  mkdirSync(join(folder, 'work'))
  const file = join(folder, 'copy.age')
  const whole = { manifest, belongings, snapshot: join(folder, 'etcd.db') }
  await seal(whole, [recipient], join(folder, 'work'), file)
  return { folder, file, snapshot }
}

const opened = async ({ folder, file }: Made, keys = key): Promise<string> => {
  const into = join(folder, 'opened')
  rmSync(into, { recursive: true, force: true })
  const read = await unseal(file, keys, into)
  return 'unreadable' in read ? read.unreadable : 'opened'
}

test('what was sealed is there again, by a key file with comments', async (t) => {
  const copy = await made()
  t.is(statSync(copy.file).mode & 0o777, 0o600)
  const read = await unseal(copy.file, `# the key\n${key}\n`, join(copy.folder, 'opened'))
  if ('unreadable' in read) return t.fail(read.why)
  t.like(read.manifest, { version: 1, at: AT.toISOString(), etcd: { revision: 100, agreed: ['1', '2'] } })
  t.regex(read.manifest.room, /^sha256:/)
  t.deepEqual(readFileSync(join(read.folder, 'etcd.db')), copy.snapshot)
  t.is(readFileSync(join(read.folder, 'pki/sa.key'), 'utf8'), 'key of accounts')
  t.is(readFileSync(join(read.folder, 'kubeadm-config.yaml'), 'utf8'), 'kind: ClusterConfiguration\n')
  t.is(statSync(join(read.folder, 'pki/ca.key')).mode & 0o777, 0o600)
})

test('nothing of it can be read in the file, and no other key opens it', async (t) => {
  const copy = await made()
  t.false(readFileSync(copy.file).includes('key of accounts'))
  t.is(await opened(copy, other), 'anotherKey')
  t.is(await opened(copy, '# nothing'), 'noKey')
  t.is(await opened(copy, 'AGE-SECRET-KEY-1WRONG'), 'noKey')
})

test('a file that was cut off or altered anywhere is refused', async (t) => {
  const copy = await made()
  const whole = readFileSync(copy.file)
  for (const length of [whole.length - 1, whole.length - 70_000, 400, 150, 0]) {
    writeFileSync(copy.file, whole.subarray(0, length))
    t.true(['damaged', 'noCopy'].includes(await opened(copy)), `cut off at ${length}`)
  }
  for (const at of [180, 400, 70_000, 200_000, whole.length - 10]) {
    const altered = Buffer.from(whole)
    altered[at] = (altered[at] ?? 0) ^ 1
    writeFileSync(copy.file, altered)
    t.true(['damaged', 'noCopy', 'anotherKey'].includes(await opened(copy)), `altered at ${at}`)
  }
  writeFileSync(copy.file, whole)
  t.is(await opened(copy), 'opened')
})

test('a copy whose files are not those of its manifest is refused, and so is a name that leads out', async (t) => {
  const wrong = 'f'.repeat(64)
  t.is(await opened(await made((one) => ({ ...one, files: { ...one.files, 'etcd.db': wrong } }))), 'damaged')
  t.is(await opened(await made((one) => ({ ...one, files: { ...one.files, 'pki/none': wrong } }))), 'damaged')
  t.is(
    await opened(
      await made((one) => ({ ...one, files: { '../kubernetes/pki/ca.crt': one.files['pki/ca.crt'] ?? '' } })),
    ),
    'damaged',
  )
})

test('without a public key nothing is sealed, and without the keys of the cluster nothing is copied', async (t) => {
  const folder = temporaryFolder()
  const whole = { manifest: {} as Manifest, belongings: [], snapshot: join(folder, 'none') }
  await t.throwsAsync(seal(whole, [], folder, join(folder, 'x')), { message: /public key/ })
  await layBelongings(folder)
  rmSync(join(folder, 'pki/etcd/ca.key'))
  const collected = await collect(folder, 'kind: ClusterConfiguration')
  t.regex('refusal' in collected ? collected.refusal : '', /lacks pki\/etcd\/ca.key/)
})

test('a place has a copy whole or not at all, keeps its disk from filling, and what newer ones replace goes', async (t) => {
  const folder = temporaryFolder()
  const [root, file] = [join(folder, 'copies'), join(folder, 'copy')]
  writeFileSync(file, 'a copy')
  const place = openFolder(root, Date.now, 0)
  t.deepEqual(await place.list(), [])
  const at = AT.getTime()
  const names = [at, at - 60_000, at - 1_860_000].map((time) => nameOf(time, 1))
  for (const name of names) await place.put(name, file)
  t.is(readFileSync(place.path(names[0] ?? ''), 'utf8'), 'a copy')
  t.is((await place.list()).length, 3)
  t.deepEqual(await prune(place, at + 1), [], 'each is of another half hour')
  await place.put(nameOf(at + 1_000, 1), file)
  t.deepEqual(await prune(place, at + 2_000), [nameOf(at, 1)])
  await t.throwsAsync(openFolder(root, Date.now, 2 ** 60).put(nameOf(at, 1), file), {
    message: /too little room/,
  })
  await t.throwsAsync(place.put('../x', file), { message: /no name of a copy/ })
})
