import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deskRoot } from '../lab/gluster/root.ts'
import { ownGluster } from '../test/harness/gluster.ts'
import { say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Spread, shown, spread } from './spread.ts'
import { type Arm, mountedVolume, ratios, turned } from './storage-arms.ts'

const ROUNDS = 5
const COPIES = [1, 3, 5]
const SERVERS = Math.max(...COPIES)
const LOCAL = 'local disk'

/** What is started, in this order: with a home that is empty, and with the one that the first start left. */
const STARTS = [
  ['XFCE, first', 'xfce'],
  ['XFCE, again', 'xfce'],
  ['Firefox, first', 'firefox'],
  ['Firefox, again', 'firefox'],
] as const

/**
 * XFCE and Firefox started with a home on volumes, beside a home on the disk of the very PC; seconds until panel and
 * desktop have their windows, and from Firefox's start to the picture of an empty page. Caches are emptied before each
 * start, as after a move to another PC.
 */
export async function run(): Promise<void> {
  const facts = machine()
  await deskRoot(say)
  say(`starting ${SERVERS} PCs with Gluster, and one with a desktop`)
  const room = await ownGluster(SERVERS)
  try {
    const desk = await room.lab.addClient('desk', { of: 'room', name: 'desk' }, 'desk')
    const arms: Arm[] = [{ name: LOCAL, pc: desk, folder: '/srv/local', beside: LOCAL }]
    for (const copies of COPIES) arms.push(await mountedVolume(room, desk, copies))
    const script = readFileSync(join(import.meta.dirname, 'storage-start.py'), 'utf8')
    const taken = new Map<string, number[]>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const arm of turned(arms, round)) {
        say(`round ${round + 1} of ${ROUNDS}: ${arm.name}`)
        const home = `${arm.folder}/home`
        for (const [name, program] of STARTS) {
          await desk.must(['sh', '-c', 'sync; echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || true'], {
            timeout: 60_000,
          })
          const said = await desk.must(['python3', '-', program, home], { input: script, timeout: 240_000 })
          say(`  ${name}: ${Number(said).toFixed(1)} s`)
          const key = `${arm.name} ${name}`
          taken.set(key, [...(taken.get(key) ?? []), Number(said)])
        }
        await desk.must(['rm', '-rf', arm.folder], { timeout: 120_000 })
      }
    }
    const of = (arm: string, name: string): number[] => taken.get(`${arm} ${name}`) ?? []
    const cells = (cell: (arm: string, name: string) => Spread) =>
      Object.fromEntries(
        arms.map(({ name: arm }) => [
          arm,
          Object.fromEntries(STARTS.map(([name]) => [name, cell(arm, name)])),
        ]),
      )
    const result = {
      machine: facts,
      rounds: ROUNDS,
      seconds: cells((arm, name) => spread(of(arm, name))),
      ofLocal: cells((arm, name) => spread(ratios(of(arm, name), of(LOCAL, name)))),
    }
    print('seconds', result.seconds, 1)
    print('as a part of the local disk, same round', result.ofLocal, 2)
    writeResult('storage-start', result)
  } finally {
    await room.lab.down()
  }
}

function print(
  title: string,
  rows: Readonly<Record<string, Readonly<Record<string, Spread>>>>,
  digits: number,
): void {
  console.log(`started with a home on: ${title}`)
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([arm, row]) => [
        arm,
        Object.fromEntries(Object.entries(row).map(([name, one]) => [name, shown(one, digits)])),
      ]),
    ),
  )
}

if (import.meta.main) await run()
