import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { homeIsFull, watchForFull } from '../../../bridge/home/full.ts'
import { CHANCE } from '../../../bridge/lock/decide.ts'
import { winHome } from '../../../bridge/lock/hold.ts'
import { lockStore } from '../../../bridge/lock/store.ts'
import { UNCLAIMED_LOCK } from '../../../config/home-lock.ts'
import { systemClock } from '../../../service/clock.ts'

/**
 * Runs in a mount namespace of its own (see full-disk.test.ts), with a small disk at the given place. Fills it to its
 * last byte or its last file while one pod has a home there, and prints what became of that pod and of the next.
 */

const [disk = '', what = ''] = process.argv.slice(2)
const home = join(disk, 'ada')
const RULES = { beat: 200, giveUp: 3_000, takeOver: 4_000 }

await mkdir(home)
const store = lockStore(home)
await store.lay(UNCLAIMED_LOCK)

const seen: Record<string, unknown> = {}
let claims = 0
const pod = (name: string, fenced: (reason: string) => void) =>
  winHome(
    store,
    name,
    systemClock,
    () => claims++ % CHANCE,
    { waiting() {}, failed: (error) => (seen.failed = `${error}`), onFenced: fenced },
    new AbortController().signal,
    { rules: RULES },
  )

const first = await pod('first', (reason) => (seen.fenced = reason))
seen.fullBefore = (await homeIsFull(home)) !== undefined
fill()
seen.fullAfter = (await homeIsFull(home))?.text
// The desktop cannot show it at the first look: nothing there listens yet.
const told: unknown[] = []
let looks = 0
const enough = new AbortController()
await watchForFull(
  home,
  { ...systemClock, sleep: async () => {} },
  {
    async tell(full) {
      if (looks++ === 0) throw new Error('no desktop runs')
      told.push(full)
      enough.abort()
    },
    failed() {},
  },
  enough.signal,
)
seen.told = told.length
// Twice as long as a pod that cannot write goes on.
await sleep(RULES.giveUp * 2)
await first?.release()
const second = await pod('second', (reason) => (seen.fencedNext = reason))
await sleep(RULES.giveUp * 1.5)
seen.next = second !== undefined
await second?.release()
console.log(JSON.stringify(seen))

function fill(): void {
  try {
    if (what === 'bytes') execFileSync('sh', ['-c', `cat /dev/zero >${disk}/others 2>/dev/null`])
    else for (let index = 0; ; index++) writeFileSync(join(disk, `${index}`), '')
  } catch {
    // Full.
  }
  // What is left of the last block of a folder or a file.
  try {
    for (let index = 0; what === 'bytes'; index++) writeFileSync(join(disk, `rest-${index}`), 'x')
  } catch {
    // Full to the last.
  }
}
