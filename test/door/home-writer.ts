import type { ExecutionContext } from 'ava'
import type { Room } from '../../lab/room/room.ts'
import { inPod, must, plainPod } from '../delivery/person.ts'
import { becomes, eventually } from '../harness/wait.ts'
import { type DesktopPod, inDesktop, inDesktops, podOf, podsOf } from './desktop-pod.ts'

/** A home in which every session of its person writes who it is: two that run at once are seen by their lines. */

/** Five times a second. */
const WRITER = `id=$(cat /proc/sys/kernel/random/uuid)
while :; do echo "$id $(date +%s%3N)" >>"$HOME/writers"; sleep 0.2; done
`
const autostart = (login: string): string => `[Desktop Entry]
Type=Application
Name=Writer
Exec=sh /home/${login}/writer.sh
`
const prepared = (login: string): string =>
  `cd && mkdir -p .config/autostart && printf '%s' '${WRITER}' >writer.sh && printf '%s' '${autostart(login)}' >.config/autostart/writer.desktop`

/** Lays the writer into the person's home, by a pod of this image. */
export async function writesInHome(room: Room, login: string, image: string): Promise<void> {
  await inPod(room, plainPod(`prepare-${login}`, login, image), prepared(login))
  await must(room, ['delete', 'pod', `prepare-${login}`, ...inDesktops, '--now', '--wait'])
}

export interface Line {
  readonly writer: string
  readonly at: number
}

/** What was written, in the order in which the file has it. Read where the homes are, whoever is cut off. */
export async function written(room: Room, login: string): Promise<Line[]> {
  const text = await inDesktop(room, login, 'cat ~/writers')
  return text.split('\n').flatMap((line) => {
    const [writer = '', at = ''] = line.split(' ')
    return writer === '' ? [] : [{ writer, at: Number(at) }]
  })
}

/** The writers one after the other: each has a time of its own, and nobody who has ended writes again. */
export function turns(lines: readonly Line[]): string[] {
  return lines.map(({ writer }) => writer).filter((writer, index, all) => writer !== all[index - 1])
}

export function oneAtATime(t: ExecutionContext, lines: readonly Line[], writers: number): void {
  const order = turns(lines)
  t.is(order.length, writers, `first turns: ${order.slice(0, 8).join(' ')}`)
  t.is(new Set(order).size, order.length, 'nobody writes again after somebody else')
}

/** Waits until the cluster has made another pod for the person than `before`. */
export async function successor(room: Room, login: string, before: DesktopPod): Promise<void> {
  const others = async (): Promise<string> => String((await podsOf(room, login)).length === 1)
  await becomes(
    'whether a new pod is there',
    async () => ((await podOf(room, login)).name === before.name ? 'old' : await others()),
    'true',
  )
  await eventually('the new pod runs', async () => (await podOf(room, login)).name, { seconds: 180 })
}
