import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Room } from '../room/room.ts'
import { ARGO_CD_NAMESPACE } from './argo-cd.ts'

/** What Argo CD says of one app. */
export interface AppState {
  readonly name: string
  /** `Synced`, `OutOfSync`, `Unknown`, or nothing while it was never looked at. */
  readonly sync: string
  /** The commit that it was compared with. */
  readonly revision: string
  /** `Healthy`, `Progressing`, `Degraded`, `Missing`, … */
  readonly health: string
  /** How its last try ended, `Running` while it goes on or will be tried again; nothing before the first. */
  readonly phase: string
  /** The first thing that Argo CD complains of; empty when it does not. */
  readonly complaint: string
}

const Condition = z.object({ message: z.string() })
const Application = z.object({
  metadata: z.object({ name: z.string() }),
  status: z
    .object({
      sync: z.object({ status: z.string(), revision: z.string().optional() }).optional(),
      health: z.object({ status: z.string().optional() }).optional(),
      conditions: z.array(Condition).optional(),
      operationState: z.object({ phase: z.string(), message: z.string().optional() }).optional(),
    })
    .optional(),
})
const Applications = z.object({ items: z.array(Application) })

/** Every Application of the room, by name. */
export async function applicationsOf(room: Room): Promise<AppState[]> {
  const { code, stdout, stderr } = await room.run([
    'get',
    'applications',
    '-n',
    ARGO_CD_NAMESPACE,
    '-o',
    'json',
  ])
  if (code !== 0) throw new Error(`the Applications cannot be read: ${stderr.trim()}`)
  return Applications.parse(JSON.parse(stdout)).items.map(({ metadata, status }) => {
    const { phase = '', message = '' } = status?.operationState ?? {}
    return {
      name: metadata.name,
      sync: status?.sync?.status ?? '',
      revision: status?.sync?.revision ?? '',
      health: status?.health?.status ?? '',
      phase,
      complaint: status?.conditions?.[0]?.message ?? (phase === 'Succeeded' ? '' : message),
    }
  })
}

export const isSettled = ({ sync, health, revision }: AppState, commit: string): boolean =>
  sync === 'Synced' && health === 'Healthy' && revision === commit

/** Asks Argo CD to look at Git now: the lab does not wait half a minute for its next look. */
export async function refresh(room: Room): Promise<void> {
  const annotation = 'argocd.argoproj.io/refresh=normal'
  await room.run(['annotate', 'applications', '-n', ARGO_CD_NAMESPACE, '--all', '--overwrite', annotation])
}

/**
 * Waits until every app is Synced and Healthy at that commit, at most `patience` ms; tells which is waited for.
 *
 * @param hasten whether Argo CD is asked to look at once. @default true
 * @throws with the state of each app that is not there.
 */
export async function settled(
  room: Room,
  commit: string,
  progress: (line: string) => void = () => {},
  patience = 600_000,
  hasten = true,
): Promise<readonly AppState[]> {
  const deadline = Date.now() + patience
  let told = ''
  for (let look = 0; ; look++) {
    if (hasten && look % 10 === 0) await refresh(room)
    const apps = await applicationsOf(room).catch((error: unknown) => {
      // A room that starts everything at once may not answer for a moment.
      if (Date.now() > deadline) throw error
      progress(error instanceof Error ? error.message : String(error))
    })
    if (apps === undefined) {
      await sleep(3_000)
      continue
    }
    const waiting = apps.filter((app) => !isSettled(app, commit))
    if (apps.length > 0 && waiting.length === 0) return apps
    const line = `${apps.length - waiting.length} of ${apps.length} apps are Synced and Healthy${named(waiting)}`
    if (line !== told) progress(line)
    told = line
    if (Date.now() > deadline) {
      const states = waiting.map(({ name, sync, health, revision, complaint }) =>
        [
          `${name}: ${sync || 'not looked at'}, ${health || 'health unknown'}, at ${revision.slice(0, 8)}`,
          complaint,
        ].join(' '),
      )
      throw new Error(`not delivered after ${patience / 1000} s:\n${states.join('\n')}`)
    }
    await sleep(1_000)
  }
}

const named = (waiting: readonly AppState[]): string =>
  waiting.length === 0 ? '' : `; not yet: ${waiting.map(({ name }) => name).join(', ')}`
