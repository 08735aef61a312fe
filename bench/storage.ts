import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OwnGluster, ownGluster } from '../test/harness/gluster.ts'
import { say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Spread, shown, spread } from './spread.ts'
import { type Arm, innerArms, mountedVolume, ratios, turned } from './storage-arms.ts'

const ROUNDS = 3
/** Numbers of copies; one is what FUSE and the network take alone. */
const COPIES = [1, 2, 3, 5]
const SERVERS = Math.max(...COPIES)

/** What is done, how often in one measurement, and what is counted; in this order, each needs what was made before. */
const WORKS = {
  create: { times: 500, unit: 'files/s' },
  stat: { times: 500, unit: 'files/s' },
  read: { times: 500, unit: 'files/s' },
  unlink: { times: 500, unit: 'files/s' },
  write_one: { times: 64, unit: 'MiB/s' },
  read_one: { times: 64, unit: 'MiB/s' },
  tree: { times: 5000, unit: 'files/s' },
  homes: { times: 1000, unit: 'homes/s' },
} as const
type Work = keyof typeof WORKS
const ALL_WORKS = Object.keys(WORKS) as Work[]

/**
 * Files on the bare disk of a PC, and from another PC on volumes of one to five copies over the same disks, by TLS as a
 * room has it; and by NFS from such a disk, beside a volume under the same conditions. Each round takes every arm once, in
 * another order, and caches are emptied before whatever is read.
 */
export async function run(): Promise<void> {
  const facts = machine()
  say(`starting ${SERVERS} PCs with Gluster`)
  const room = await ownGluster(SERVERS)
  try {
    const desk = await room.lab.addClient('desk', { of: 'room', name: 'desk' })
    const arms: Arm[] = [{ name: 'bare disk', pc: room.server(1), folder: '/brick/bare', oneCopy: '1 copy' }]
    for (const copies of COPIES) arms.push(await mountedVolume(room, desk, copies))
    arms.push(...(await innerArms(room)))
    const script = readFileSync(join(import.meta.dirname, 'storage-work.py'), 'utf8')
    const rates = new Map<string, number[]>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const arm of turned(arms, round)) {
        say(`round ${round + 1} of ${ROUNDS}: ${arm.name}`)
        await work(room, arm, script, (name, rate) => {
          const key = `${arm.name} ${name}`
          rates.set(key, [...(rates.get(key) ?? []), rate])
        })
      }
    }
    const of = (arm: string, name: Work): number[] => rates.get(`${arm} ${name}`) ?? []
    const result = {
      machine: facts,
      rounds: ROUNDS,
      rates: table(arms, (arm, name) => spread(of(arm.name, name))),
      ofOneCopy: table(arms, (arm, name) => spread(ratios(of(arm.name, name), of(arm.oneCopy, name)))),
    }
    print(result)
    writeResult('storage', result)
  } finally {
    await room.lab.down()
  }
}

async function work(
  room: OwnGluster,
  { pc, folder }: Arm,
  script: string,
  note: (name: Work, rate: number) => void,
): Promise<void> {
  for (const name of ALL_WORKS) {
    const { times } = WORKS[name]
    // The caches of all PCs are the machine's.
    await room.server(1).must(['sh', '-c', 'sync; echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || true'], {
      timeout: 60_000,
    })
    const said = await pc.must(['python3', '-', name, folder], { input: script, timeout: 300_000 })
    say(`  ${name}: ${Number(said).toFixed(1)} s`)
    note(name, times / Number(said))
  }
  await pc.must(['rm', '-rf', folder], { timeout: 300_000 })
}

type Table = Readonly<Record<string, Readonly<Record<Work, Spread>>>>

const table = (arms: readonly Arm[], cell: (arm: Arm, name: Work) => Spread): Table =>
  Object.fromEntries(
    arms.map((arm) => [
      arm.name,
      Object.fromEntries(ALL_WORKS.map((name) => [name, cell(arm, name)])) as Record<Work, Spread>,
    ]),
  )

function print({ rates, ofOneCopy }: { readonly rates: Table; readonly ofOneCopy: Table }): void {
  for (const [title, cells, digits] of [
    ['a second', rates, 0],
    ['as a part of one copy, same round', ofOneCopy, 2],
  ] as const) {
    console.log(`files on a volume: ${title}`)
    console.table(
      Object.fromEntries(
        Object.entries(cells).map(([arm, row]) => [
          arm,
          Object.fromEntries(
            ALL_WORKS.map((name) => [`${name} (${WORKS[name].unit})`, shown(row[name], digits)]),
          ),
        ]),
      ),
    )
  }
}

if (import.meta.main) await run()
