import { readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { removeCgroups } from './cgroups.ts'
import { releaseMachineSettings } from './machine-settings.ts'
import { runsFolder } from './places.ts'
import { end, withEnvironment } from './processes.ts'
import { type Ending, readRecord, type Started, Undo } from './record.ts'
import { MARK, processOf } from './run.ts'

/** How each is undone. All find what they undo by the run's name, and do nothing where there is nothing. */
const UNDO: Record<Undo, (dir: string) => Promise<void>> = {
  cgroups: (dir) => removeCgroups(basename(dir)),
  'machine-settings': (dir) => releaseMachineSettings(runsFolder(), basename(dir)),
}

/** Ends everything that the run in `dir` started, and nothing else, then removes the folder. */
export async function endRun(dir: string): Promise<void> {
  const record = readRecord(dir)
  if (record) await endInOrder(dir, record.processes, record.ending)
  await end(withEnvironment(`${MARK}=${dir}`))
  const mounts = mountsBelow(dir)
  if (mounts.length > 0) throw new Error(`${mounts.join(', ')} is mounted: umount it, then run down again`)
  // A record that cannot be read does not say what there is to undo: then everything is looked for.
  for (const one of record?.undo ?? Undo.options) await UNDO[one](dir)
  rmSync(dir, { recursive: true, force: true })
}

async function endInOrder(
  dir: string,
  started: readonly Started[],
  { killedFirst, endedLast }: Ending,
): Promise<void> {
  const endSome = (which: (id: string) => boolean, signal?: NodeJS.Signals): Promise<void> =>
    end(
      started.filter(({ id }) => which(id)).flatMap((one) => processOf(dir, one)),
      signal,
    )
  await endSome((id) => killedFirst.includes(id), 'SIGKILL')
  await endSome((id) => !endedLast.includes(id))
  for (const last of endedLast) await endSome((id) => id === last)
}

function mountsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point === dir || point.startsWith(`${dir}/`))
}
