import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { STALL } from '../../../../config/stall.ts'
import type { Pc } from '../../../../lab/gluster/gluster.ts'
import type { VolumeStatus } from '../../../../storage/gluster/agent/status.ts'
import { mountOn, sumsOnMount } from '../../../harness/gluster.ts'
import { type GlusterRoom, glusterRoom } from '../../../harness/gluster-room.ts'
import { type OwnLab, ownLab } from '../../../harness/lab.ts'
import { eventually } from '../../../harness/wait.ts'

/** The life of a volume that its agents keep, on real glusterds: from two PCs to eleven. Data are compared on the disks, past Gluster. */

let lab: OwnLab
let room: GlusterRoom
let desk: Pc

test.before(async (t) => {
  t.timeout(300_000, 'the first time, a Debian with Gluster is made')
  lab = await ownLab()
  const wanted = { replicas: 2, spares: 0, replaceAfterSeconds: 3_600 }
  room = await glusterRoom(lab.lab, lab.kubeConfig, 2, wanted)
})
test.after.always(async () => {
  await room?.end()
  await lab?.end()
})

const FOLDER = 'data'

/** That each of these PCs has every file of the mount on its disk, with the same bytes, and no other. */
async function holdSame(t: ExecutionContext, numbers: readonly number[]): Promise<void> {
  const seen = new Map([...(await sumsOnMount(desk))].sort())
  t.true(seen.size > 0)
  for (const number of numbers) {
    const onDisk = new Map([...(await room.server(number).sumsOnDisk(FOLDER))].sort())
    t.deepEqual(onDisk, seen, `the disk of pc-${number}`)
  }
}

/** Writes for so many seconds, each file to the disk before the next. Resolves with the longest that one took, in ms. */
async function write(folder: string, seconds: number): Promise<number> {
  const loop = `
    mkdir -p /mnt/$0; end=$(($(date +%s) + $1)); number=0; longest=0
    while [ "$(date +%s)" -lt "$end" ]; do
      number=$((number + 1)); before=$(date +%s%N)
      dd if=/dev/urandom of=/mnt/$0/$number bs=4k count=1 conv=fsync status=none || exit 1
      took=$((($(date +%s%N) - before) / 1000000))
      [ "$took" -le "$longest" ] || longest=$took
    done
    echo "$longest"`
  const args = ['sh', '-c', loop, folder, String(seconds)]
  return Number(await desk.must(args, { timeout: (seconds + 60) * 1000 }))
}

const states = (sets: readonly { readonly bricks: readonly { pc: string; state: string }[] }[]): string[] =>
  sets.flatMap(({ bricks }) => bricks.map(({ pc, state }) => `${pc} ${state}`)).sort()
const allHere = (sets: Parameters<typeof states>[0]): boolean =>
  sets.length > 0 && sets.every(({ bricks }) => bricks.every(({ state }) => state === 'here'))

test.serial('two PCs become a volume of two copies', async (t) => {
  const status = await room.becomes('two copies', ({ copies, sets }) => copies === 2 && allHere(sets))
  t.deepEqual(states(status.sets), ['pc-1 here', 'pc-2 here'])
  t.deepEqual(status.servers, ['pc-1', 'pc-2'])
  desk = await room.addDesk('desk')
  await eventually('the desk may mount', () => mountOn(desk, room.server(1)))
  await write('two', 2)
  await holdSame(t, [1, 2])
})

test.serial(
  'one of two off: the other one is read and written, and they are alike again afterwards',
  async (t) => {
    t.timeout(240_000)
    const writing = write('one-off', 12)
    await sleep(2_000)
    await room.off(2)
    const longest = await writing
    t.log(`longest write while pc-2 lost its power: ${longest} ms`)
    t.true(longest < STALL.longestWrite)
    t.is((await desk.must(['sh', '-c', 'cat /mnt/two/* | wc -c'])).trim() === '0', false)
    await room.becomes('pc-2 is missed', ({ sets }) => states(sets).includes('pc-2 missing'))
    await room.on(2)
    await room.becomes('both have everything', ({ sets }) => allHere(sets))
    await holdSame(t, [1, 2])
  },
)

test.serial('with five copies wanted, a third PC makes three of them', async (t) => {
  await room.want({ replicas: 5, spares: 1, replaceAfterSeconds: 30 })
  await room.add()
  await room.becomes('three copies', ({ copies, sets }) => copies === 3 && allHere(sets), { seconds: 180 })
  await holdSame(t, [1, 2, 3])
})

test.serial('two more PCs make five, while it is written to', async (t) => {
  t.timeout(300_000)
  await Promise.all([
    room.add().then(() => room.add()),
    write('grow', 15).then((ms) => t.log(`longest write: ${ms} ms`)),
  ])
  await room.becomes('five copies', ({ copies, sets }) => copies === 5 && allHere(sets), { seconds: 240 })
  await holdSame(t, [1, 2, 3, 4, 5])
})

test.serial(
  'of eleven PCs, ten are two sets of five and one is a spare, with the files spread over both',
  async (t) => {
    t.timeout(600_000)
    for (let number = 6; number <= 11; number++) await room.add()
    const is = ({ sets, spares, memory }: VolumeStatus): boolean =>
      sets.length === 2 && allHere(sets) && spares.length === 1 && memory.balanced === 2
    const { sets, spares } = await room.becomes('two sets and a spare', is, { seconds: 500 })
    await write('spread', 3)
    const seen = await sumsOnMount(desk)
    const found = new Map<string, string>()
    for (const { bricks } of sets) {
      const disks = await Promise.all(bricks.map(({ pc }) => room.server(numberOf(pc)).sumsOnDisk(FOLDER)))
      const [first] = disks
      t.true((first?.size ?? 0) > 0, 'each set has files')
      for (const one of disks) t.deepEqual(sorted(one), sorted(first ?? new Map()))
      for (const [path, sum] of first ?? []) if (!isPointer(path, sum)) found.set(path, sum)
    }
    t.deepEqual(sorted(found), sorted(seen), 'both sets together have every file')
    t.is(spares.length, 1)
  },
)

test.serial('a PC that does not come back is replaced by the spare, and nothing is lost', async (t) => {
  t.timeout(600_000)
  const before = await room.volume()
  const victim = before.status.sets[0]?.bricks.find(({ pc }) => pc !== 'pc-1')?.pc ?? ''
  const spare = before.status.spares[0] ?? ''
  const writing = write('dead', 20)
  await sleep(2_000)
  await room.off(numberOf(victim))
  const longest = await writing
  t.log(`longest write while ${victim} lost its power: ${longest} ms`)
  t.true(longest < STALL.longestWrite)
  const is = ({ sets, memory }: VolumeStatus): boolean =>
    allHere(sets) && sets[0]?.bricks.some(({ pc }) => pc === spare) === true && memory.intent === undefined
  const after = await room.becomes('the spare has everything', is, { seconds: 400 })
  t.true(after.memory.fenced.some(({ pc }) => pc === victim))
  const { bricks } = after.sets[0] ?? { bricks: [] }
  const disks = await Promise.all(bricks.map(({ pc }) => room.server(numberOf(pc)).sumsOnDisk(FOLDER)))
  for (const one of disks) t.deepEqual(sorted(one), sorted(disks[0] ?? new Map()))

  // It comes back with what it knew: it is shut out, wiped, and becomes a spare.
  await room.on(numberOf(victim))
  const back = await room.becomes(`${victim} is a spare`, ({ spares }) => spares.includes(victim), {
    seconds: 200,
  })
  t.false(back.memory.fenced.some(({ pc }) => pc === victim))
})

const numberOf = (pc: string): number => Number(pc.slice('pc-'.length))
const sorted = (map: ReadonlyMap<string, string>) => new Map([...map].sort())
/** SHA-256 of nothing: a set has an empty file for each that lies on another and bears a name of its own. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const isPointer = (_path: string, sum: string): boolean => sum === EMPTY
