import { CustomObjectsApi } from '@kubernetes/client-node'
import test from 'ava'
import { allUsage, type UsageSummary } from '../../../cluster/storage-usage.ts'
import { sumsOf } from '../../../cluster/usage-sums.ts'
import { NAMESPACES, STORAGE_USAGE } from '../../../config/names.ts'
import type { Pc } from '../../../lab/gluster/gluster.ts'
import type { VolumeStatus } from '../../../storage/gluster/agent/status.ts'
import { FOLDER, listsOf } from '../../../storage/gluster/index/place.ts'
import { readList } from '../../../storage/gluster/index/read.ts'
import { mountOn } from '../../harness/gluster.ts'
import { type GlusterRoom, glusterRoom } from '../../harness/gluster-room.ts'
import { allHere, numberOf } from '../../harness/gluster-volume.ts'
import { must, type OwnLab, ownLab } from '../../harness/lab.ts'
import { eventually } from '../../harness/wait.ts'

/** What homes take up, and which files a lost set had: two sets of two copies and an arbiter, on real glusterds. */

let lab: OwnLab
let room: GlusterRoom
let desk: Pc

const ADA = '0a4e8b7c-0000-4000-8000-000000000001'
const BOB = 'f1234567-0000-4000-8000-000000000002'
const NUMBERS = [1, 2, 3, 4, 5, 6]

test.before(async (t) => {
  t.timeout(600_000, 'the first time, a Debian with Gluster is made')
  lab = await ownLab()
  room = await glusterRoom(lab.lab, lab.kubeConfig, 6, { replicas: 2, spares: 0, replaceAfterSeconds: 3_600 })
  const is = ({ sets, memory }: VolumeStatus): boolean =>
    sets.length === 2 &&
    allHere(sets) &&
    memory.balanced === 2 &&
    sets.every(({ bricks }) => bricks.length === 3)
  await room.becomes('two sets', is, { seconds: 300 })
  desk = await room.addDesk('desk')
  await eventually('the desk may mount', () => mountOn(desk, room.server(1)), { seconds: 60, every: 1_000 })
  const script = `
    cd /mnt; echo '{}' >.deskfleet-storage
    for home in $0 $1; do
      mkdir -p homes/$home/a
      for n in $(seq 1 60); do dd if=/dev/urandom of=homes/$home/a/file-$n bs=8k count=1 status=none; done
    done
    ln homes/$0/a/file-1 homes/$0/a/second-name
    mkdir shared; echo hello >shared/hello; echo x >"homes/$0/a/two
lines"`
  await desk.must(['sh', '-ec', script, ADA, BOB], { timeout: 120_000 })
  for (const number of NUMBERS)
    await eventually(
      `pc-${number} shows the volume`,
      () => mountOn(room.server(number), room.server(number)),
      {
        seconds: 60,
        every: 1_000,
      },
    )
})
test.after.always(async () => {
  await room?.end()
  await lab?.end()
})

const records = async () =>
  (await allUsage(lab.kubeConfig.makeApiClient(CustomObjectsApi))).map(({ record }) => record)
const summaries = async (): Promise<UsageSummary[]> =>
  (await records()).flatMap((one) => (one.is === 'set' ? [one] : []))

let had: Map<number, string[]>

test.serial('each set is measured on a disk of its own, and adds up to what people have', async (t) => {
  t.timeout(240_000)
  // What was measured while files were still being written may differ by less than is worth writing down.
  await must(lab.lab, ['-n', NAMESPACES.storage, 'delete', STORAGE_USAGE.plural, '--all'])
  const since = Date.now()
  for (const number of NUMBERS) await room.restartAgent(number)
  await eventually(
    'both sets are measured and listed',
    async () => {
      const all = await summaries()
      return (
        all.length === 2 &&
        all.every(
          ({ measured, index }) => Date.parse(measured) > since && index !== undefined && index.files > 0,
        )
      )
    },
    { seconds: 120, every: 1_000 },
  )
  const { sets } = (await room.volume()).status
  for (const { set, pc } of await summaries()) {
    const brick = sets[set - 1]?.bricks.find((one) => one.pc === pc)
    t.truthy(brick, `set ${set} was measured on ${pc}`)
    t.not(brick?.arbiter, true)
  }
  const { people, shared } = sumsOf(await records(), [], undefined)
  const of = (uuid: string) => people.find(({ entryUUID }) => entryUUID === uuid)
  // On XFS a block has 4 KiB: 60 files of 8 KiB, one of them with a second name, and a small one.
  t.like(of(ADA), { files: 61, bytes: 60 * 8_192 + 4_096 })
  t.like(of(BOB), { files: 60, bytes: 60 * 8_192 })
  t.deepEqual(shared, { files: 1, bytes: 4_096 })
})

test.serial('the list of a set lies on the other one, and names exactly what is there', async (t) => {
  const { sets } = (await room.volume()).status
  const names = (await desk.must(['ls', '-A', `/mnt/${FOLDER}`])).split('\n')
  had = new Map()
  for (const set of [1, 2]) {
    const lists = listsOf(names, set)
    t.true(lists.length >= 1)
    for (const [at, { bricks }] of sets.entries())
      for (const { pc, arbiter } of bricks) {
        const asked = `/brick/data/${FOLDER}/${lists[0]?.name}`
        const { code, stdout } = await room.server(numberOf(pc)).exec(['stat', '-c', '%s %a', asked])
        const holds = code === 0 && !stdout.startsWith('0 ')
        if (!arbiter) t.is(holds, at + 1 !== set, `the list of set ${set}, on ${pc} of set ${at + 1}`)
      }
    const first = sets[set - 1]?.bricks.find(({ arbiter }) => !arbiter)?.pc ?? ''
    const find = 'cd /brick/data && find homes shared -type f ! -perm 1000 -print0'
    const there = (await room.server(numberOf(first)).must(['sh', '-c', find])).split('\0').filter(Boolean)
    const listed: string[] = []
    const told = await readList(`${deskRoot()}/mnt`, set, Number.POSITIVE_INFINITY, ({ path }) => {
      listed.push(path.toString())
    })
    t.deepEqual(listed.sort(), there.sort())
    t.is(told.files, there.length)
    had.set(set, there)
  }
  t.true(
    [...had.values()].every((files) => files.length > 20),
    'files lie on both',
  )
  t.is((await desk.must(['stat', '-c', '%U %a', `/mnt/${FOLDER}`])).trim(), 'root 700')
})

/** The root of the desk, as the machine sees it. */
const deskRoot = (): string => {
  const way = desk.way()
  const target = way[way.findIndex((word) => /^--target/.test(word) || word === '-t')] ?? ''
  const pid = /\d+/.exec(target)?.[0] ?? way[way.indexOf(target) + 1]
  return `/proc/${pid}/root`
}

test.serial('a set that is lost is said to be, and its files are named', async (t) => {
  t.timeout(300_000)
  const { sets } = (await room.volume()).status
  const lost = sets.findIndex(({ bricks }) => bricks.every(({ pc }) => pc !== 'pc-1')) + 1
  const gone = sets[lost - 1]?.bricks.map(({ pc }) => numberOf(pc)) ?? []
  await Promise.all(gone.map((number) => room.off(number)))
  const says = ({ findings }: VolumeStatus): boolean =>
    findings.some(({ reason, where }) => reason === 'SetLost' && where.startsWith(`set ${lost} `))
  const { findings } = await room.becomes('the loss is said', says, { seconds: 200 })
  t.regex(
    findings.find(({ reason }) => reason === 'SetLost')?.mend ?? '',
    new RegExp(`storage lost ${lost}$`),
  )
  const listed: string[] = []
  await readList(`${deskRoot()}/mnt`, lost, Number.POSITIVE_INFINITY, ({ path }) => {
    listed.push(path.toString())
  })
  t.deepEqual(listed.sort(), had.get(lost))
})
