import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { eventually } from './wait.ts'

/** A PC of a test: namespaces of its own but for the network, which end with their first process. */

/** Options of `unshare`; the program that becomes the first process follows. */
export const OWN_NAMESPACES = [
  ...['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child'],
  ...['--propagation', 'private'],
] as const

/** The pid of its first process, as soon as that has laid `/run/on`: it is on. */
export async function firstProcessOf(holder: ChildProcess, seconds: number): Promise<number> {
  const children = `/proc/${holder.pid}/task/${holder.pid}/children`
  const first = await eventually('its first process', () =>
    Number(readFileSync(children, 'utf8').trim().split(' ')[0]),
  )
  await eventually('the PC is on', () => existsSync(`/proc/${first}/root/run/on`), { seconds })
  return first
}
