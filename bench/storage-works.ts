import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OwnGluster } from '../test/harness/gluster.ts'
import { say } from './gateway-lab.ts'
import { type Spread, shown, spread } from './spread.ts'
import { type Arm, ratios, turned } from './storage-arms.ts'

/** What is done to files, how often in one measurement, and what is counted; in this order, each needs what was made before. */
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

type Table = Readonly<Record<string, Readonly<Record<Work, Spread>>>>

export interface Compared {
  /** A second, by arm and work. */
  readonly rates: Table
  /** As a part of the arm beside it, in the same round. */
  readonly ofBeside: Table
}

/** Does all works in every arm once a round, each round in another order; caches are emptied before each. Prints two tables. */
export async function compareArms(room: OwnGluster, arms: readonly Arm[], rounds: number): Promise<Compared> {
  const script = readFileSync(join(import.meta.dirname, 'storage-work.py'), 'utf8')
  const rates = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const arm of turned(arms, round)) {
      say(`round ${round + 1} of ${rounds}: ${arm.name}`)
      await work(room, arm, script, (name, rate) => {
        const key = `${arm.name} ${name}`
        rates.set(key, [...(rates.get(key) ?? []), rate])
      })
    }
  }
  const of = (arm: string, name: Work): number[] => rates.get(`${arm} ${name}`) ?? []
  const compared = {
    rates: table(arms, (arm, name) => spread(of(arm.name, name))),
    ofBeside: table(arms, (arm, name) => spread(ratios(of(arm.name, name), of(arm.beside, name)))),
  }
  print(compared)
  return compared
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

const table = (arms: readonly Arm[], cell: (arm: Arm, name: Work) => Spread): Table =>
  Object.fromEntries(
    arms.map((arm) => [
      arm.name,
      Object.fromEntries(ALL_WORKS.map((name) => [name, cell(arm, name)])) as Record<Work, Spread>,
    ]),
  )

function print({ rates, ofBeside }: Compared): void {
  for (const [title, cells, digits] of [
    ['a second', rates, 0],
    ['as a part of what it is beside, same round', ofBeside, 2],
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
