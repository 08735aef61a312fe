import { copyFile, mkdir, rmdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { bounded, must } from '../../bounded.ts'
import type { Step } from './facts.ts'
import { type Sources, volumeMounts } from './observe.ts'
import { logName, type Places } from './places.ts'

const LIMIT = 10_000
/** A new client is waited for so long, so that homes appear in the same turn; then the next turns wait for it. */
const START_WAIT = 8_000
const LARGEST_LOG = 8 * 1024 * 1024

/** Does one step; resolves with whether anything came of it. @throws what stood in its way */
export async function act(step: Step, sources: Sources): Promise<boolean> {
  const { places, processes, laid } = sources
  switch (step.step) {
    case 'detach':
      await must('umount', ['--lazy', '--no-canonicalize', '--', mountOf(places, step.number)], LIMIT)
      await rmdir(mountOf(places, step.number)).catch(() => {})
      return true
    case 'stop':
      await processes.stop(step.number)
      return true
    case 'retire': {
      // Busy is no failure: the next look tries again.
      const { code } = await bounded('umount', ['--', mountOf(places, step.number)], LIMIT)
      if (code === 0) await rmdir(mountOf(places, step.number)).catch(() => {})
      return code === 0
    }
    case 'lay':
      await laid.lay(step.version)
      return true
    case 'remove':
      await laid.remove(step.version)
      return true
    case 'start': {
      await prepare(places)
      await mkdir(mountOf(places, step.number), { recursive: true, mode: 0o555 })
      await boundLog(places, step.number)
      await processes.start(step)
      return await appears(step.number, sources)
    }
  }
}

const mountOf = ({ volumes }: Places, number: number): string => join(volumes, `${number}`)

/** The folder of volumes is a mount of its own: shared with the whole PC, and with a client's process when it is alone. */
async function prepare({ volumes, logs }: Places): Promise<void> {
  await mkdir(logs, { recursive: true, mode: 0o755 })
  await mkdir(volumes, { recursive: true, mode: 0o555 })
  const { code } = await bounded('mountpoint', ['--quiet', volumes], LIMIT)
  if (code === 0) return
  const options = 'mode=0555,size=64k,nosuid,nodev,noexec'
  await must('mount', ['-t', 'tmpfs', '-o', options, 'deskfleet-volumes', volumes], LIMIT)
}

async function appears(number: number, { mounts, looks, processes, places }: Sources): Promise<boolean> {
  for (let waited = 0; waited < START_WAIT; waited += 100) {
    if (volumeMounts(await mounts()).some((one) => one.number === number)) {
      if ((await looks.look(mountOf(places, number), [])).said === 'answers') return true
    } else if (waited % 1_000 === 900) {
      // One that cannot start ends at once, and is not waited for.
      if (!(await processes.list()).some((one) => one.number === number && one.runs)) return false
    }
    await after(100)
  }
  return false
}

/** Gluster appends to its log and knows no limit. What is over it is kept once. */
export async function boundLog({ logs }: Places, number: number): Promise<void> {
  const file = join(logs, logName(number))
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size <= LARGEST_LOG) return
  await copyFile(file, `${file}.1`)
  await truncate(file, 0)
}
