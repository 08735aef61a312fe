import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Desk, type Desks, startDesks } from '../lab/desktop/desks.ts'
import { say } from './gateway-lab.ts'
import { machine } from './machine.ts'
import { writeResult } from './results.ts'
import { type Spread, shown, spread } from './spread.ts'

const ROUNDS = 3
/** Seconds: until what was started is at rest, and how long the processor is watched. */
const [SETTLE, WATCH] = [25, 30]

/** What somebody has open, one after the other and beside what was before; by a program in their session. */
const OPENED = [
  ['at rest', undefined],
  ['Firefox with a page of text and pictures', 'firefox-esr file:///mnt/shared/page.html'],
  ['and LibreOffice Writer', 'libreoffice --nologo --norestore --writer'],
  ['and a page in which something moves', 'firefox-esr file:///mnt/shared/moves.html'],
] as const
type Opened = (typeof OPENED)[number][0]

/**
 * What one desktop takes of a PC while somebody looks at it, by what is open in it: memory, and the part of one core. Of this
 * follows how many a PC carries.
 */
export async function run(): Promise<void> {
  const facts = machine()
  const desks = await startDesks(`bench-carry-${process.pid}`, ['desktop'], say)
  const taken = new Map<Opened, { memory: number[]; core: number[] }>()
  try {
    writeFileSync(join(desks.shared, 'page.html'), PAGE)
    writeFileSync(join(desks.shared, 'moves.html'), MOVES)
    for (let round = 1; round <= ROUNDS; round++) await once(desks, round, taken)
  } finally {
    await desks.down()
  }
  const result = {
    machine: facts,
    rounds: ROUNDS,
    watchedSeconds: WATCH,
    opened: Object.fromEntries(
      [...taken].map(([opened, { memory, core }]) => [
        opened,
        { MiB: spread(memory), ofACore: spread(core) },
      ]),
    ),
  }
  print(result.opened)
  writeResult('carry', result)
}

async function once(
  desks: Desks,
  round: number,
  taken: Map<Opened, { memory: number[]; core: number[] }>,
): Promise<void> {
  const desk = await desks.start(`carry-${round}`, { image: 'desktop' })
  await desk.becomes('ready', 60_000)
  const viewer = await desk.view()
  let looks = true
  // Somebody looks: as a browser does, the next picture is asked for when one has come.
  const looking = (async () => {
    while (looks) {
      await viewer.frame()
      await sleep(40)
    }
  })()
  try {
    for (const [opened, program] of OPENED) {
      if (program !== undefined) await inSession(desk, program)
      await sleep(SETTLE * 1_000)
      const before = await ticks(desk)
      await sleep(WATCH * 1_000)
      const core = ((await ticks(desk)) - before) / TICKS / WATCH
      const memory = (await desk.memory()) / 2 ** 20
      say(`round ${round} of ${ROUNDS}: ${opened}: ${memory.toFixed(0)} MiB, ${core.toFixed(2)} of a core`)
      const of = taken.get(opened) ?? { memory: [], core: [] }
      taken.set(opened, { memory: [...of.memory, memory], core: [...of.core, core] })
    }
  } finally {
    looks = false
    await looking.catch(() => {})
    viewer.close()
    await desk.stop()
  }
}

/** With the surroundings that the session itself has. */
async function inSession(desk: Desk, program: string): Promise<void> {
  const start = `xargs -0 -a /proc/$(pgrep --oldest xfce4-session)/environ sh -c 'env "$@" setsid ${program} >/dev/null 2>&1 </dev/null &' sh`
  const { code, stderr } = await desk.run('sh', '-c', start)
  if (code !== 0) throw new Error(`${program}: ${stderr}`)
}

/** Of the kernel's clock, a second. */
const TICKS = 100

/** What all processes of the desktop have had of the processor until now. */
async function ticks(desk: Desk): Promise<number> {
  const { stdout } = await desk.run('sh', '-c', 'cat /proc/[0-9]*/stat 2>/dev/null')
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(line.lastIndexOf(')') + 2).split(' '))
    .reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0)
}

const print = (opened: Readonly<Record<string, { MiB: Spread; ofACore: Spread }>>): void =>
  console.table(
    Object.fromEntries(
      Object.entries(opened).map(([name, { MiB, ofACore }]) => [
        name,
        { MiB: shown(MiB, 0), 'of a core': shown(ofACore) },
      ]),
    ),
  )

const words = (count: number): string =>
  Array.from({ length: count }, (_, at) => `word${(at * 7919) % 1000}`).join(' ')

/** 200 kB of text and forty pictures of 400 by 300 that the browser draws. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>A page</title>
${Array.from(
  { length: 40 },
  (_, at) => `<h2>Part ${at}</h2><canvas width="400" height="300"></canvas><p>${words(700)}</p>`,
).join('\n')}
<script>
for (const [at, canvas] of [...document.querySelectorAll('canvas')].entries()) {
  const on = canvas.getContext('2d')
  for (let spot = 0; spot < 200; spot++) {
    on.fillStyle = 'hsl(' + (spot * 37 + at * 11) % 360 + ' 60% 50%)'
    on.fillRect((spot * 53) % 400, (spot * 29) % 300, 40, 30)
  }
}
</script>
`

/** A picture of 640 by 360 that changes at each frame, as a film does. */
const MOVES = `<!doctype html><meta charset="utf-8"><title>It moves</title><canvas width="640" height="360"></canvas>
<script>
const on = document.querySelector('canvas').getContext('2d')
const draw = (at) => {
  for (let x = 0; x < 16; x++) for (let y = 0; y < 9; y++) {
    on.fillStyle = 'hsl(' + ((x * 20 + y * 30 + at / 5) % 360) + ' 70% 50%)'
    on.fillRect(x * 40, y * 40, 40, 40)
  }
  requestAnimationFrame(draw)
}
requestAnimationFrame(draw)
</script>
`

if (import.meta.main) await run()
