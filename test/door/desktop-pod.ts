import { z } from 'zod'
import { PERSON } from '../../config/labels.ts'
import { NAMESPACES } from '../../config/names.ts'
import type { Room } from '../../lab/room/room.ts'
import { must } from '../delivery/person.ts'
import { becomes } from '../harness/wait.ts'

export const inDesktops = ['-n', NAMESPACES.desktops]

export interface DesktopPod {
  readonly name: string
  readonly pc: string
  readonly address: string
  readonly phase: string
}

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
      spec: z.object({ nodeName: z.string().default('') }),
      status: z.object({ phase: z.string(), podIP: z.string().default('') }),
    }),
  ),
})

/** The person's pods that are to go on; one of a dead PC seems to run, too, for as long as nobody hears of its end. */
export async function podsOf(room: Room, login: string): Promise<readonly DesktopPod[]> {
  const pods = await must(room, ['get', 'pods', ...inDesktops, '-l', `${PERSON}=${login}`, '-o', 'json'])
  return Pods.parse(JSON.parse(pods))
    .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      pc: spec.nodeName,
      address: status.podIP,
      phase: status.phase,
    }))
}

/** The pod that runs; one without a name when none does. */
export async function podOf(room: Room, login: string): Promise<DesktopPod> {
  const running = (await podsOf(room, login)).find(({ phase }) => phase === 'Running')
  return running ?? { name: '', pc: '', address: '', phase: '' }
}

/** The pod that runs, as soon as its PC has said so: a page may show the desktop a moment before. A minute at most. */
export async function runningPod(room: Room, login: string): Promise<DesktopPod> {
  let pod = await podOf(room, login)
  const look = async (): Promise<string> => {
    pod = await podOf(room, login)
    return pod.name === '' ? 'not yet' : 'runs'
  }
  if (pod.name === '') await becomes(`the pod of ${login}`, look, 'runs', { seconds: 60 })
  return pod
}

/** What a shell line says in the person's desktop; '' where it cannot be asked. */
export async function inDesktop(room: Room, login: string, line: string): Promise<string> {
  const { name } = await runningPod(room, login)
  return (await room.run(['exec', name, ...inDesktops, '--', 'sh', '-c', line])).stdout.trim()
}

/** The password that the command line told when it added somebody. */
export const passwordIn = (said: string): string => /password, shown only now: (\S+)/.exec(said)?.[1] ?? ''

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`
