import { z } from 'zod'
import { CONTROL_PLANE_GUARD } from '../../../config/names.ts'
import type { Room } from '../../../lab/room/room.ts'
import { State } from '../../../orchestrator/state.ts'

const Status = z.object({
  status: z.object({ phase: z.string(), message: z.string(), heir: z.string(), record: State }).optional(),
})
export type Told = NonNullable<z.infer<typeof Status>['status']>

/** What the orchestrator of a room remembers and tells; undefined while it has not looked, or nobody answers. */
export async function guardOf(room: Room): Promise<Told | undefined> {
  const { plural, name } = CONTROL_PLANE_GUARD
  const { code, stdout } = await room.run(['get', plural, name, '-o', 'json', '--request-timeout=5s'])
  return code === 0 ? Status.parse(JSON.parse(stdout)).status : undefined
}

/** Ms since 1970 at which an operation was first seen in a phase, in the order of the phases. */
export type Course = Map<string, number>

/** Looks until an operation has ended that began after so many others; resolves with it, and when it was seen in each phase. */
export async function courseOf(
  room: Room,
  before: number,
  seconds: number,
  log: (line: string) => void,
): Promise<{ readonly ended: Told['record']['history'][number]; readonly course: Course }> {
  const course: Course = new Map()
  let last = ''
  for (
    const until = Date.now() + seconds * 1_000;
    Date.now() < until;
    await new Promise((r) => setTimeout(r, 4_000))
  ) {
    const told = await guardOf(room).catch(() => undefined)
    if (told === undefined) continue
    const { record, phase, message } = told
    if (phase !== '' && !course.has(phase)) course.set(phase, Date.now())
    const line = `${record.operation?.id ?? '-'} ${phase} ${message}`
    if (line !== last) log(line)
    last = line
    const [ended] = record.history
    if (record.history.length > before && record.operation === undefined && ended) return { ended, course }
  }
  throw new Error(`no operation ended within ${seconds} s; last: ${last}`)
}
