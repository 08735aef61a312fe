import type { ExecutionContext } from 'ava'
import type { Pc } from '../../lab/gluster/gluster.ts'
import type { SetStatus, VolumeStatus } from '../../storage/gluster/agent/status.ts'
import { sumsOnMount } from './gluster.ts'
import type { GlusterRoom } from './gluster-room.ts'

/** What tests of a whole volume compare: what a desk sees, and what lies on the disks of PCs, past Gluster. */

/** Where the agents have Gluster's files on a brick. */
const FOLDER = 'data'

export const numberOf = (pc: string): number => Number(pc.slice('pc-'.length))
/** The numbers of the PCs whose bricks are the volume's. */
export const members = ({ sets }: VolumeStatus): number[] =>
  sets.flatMap(({ bricks }) => bricks.map(({ pc }) => numberOf(pc)))

export const sorted = (map: ReadonlyMap<string, string>): Map<string, string> => new Map([...map].sort())

export const onDisk = (room: GlusterRoom, number: number): Promise<Map<string, string>> =>
  room.server(number).sumsOnDisk(FOLDER)

/** What is not alike, by path; of thousands the first few. */
export function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const all = new Set([...a.keys(), ...b.keys()])
  return [...all].filter((path) => a.get(path) !== b.get(path)).slice(0, 5)
}

/** That each of these PCs has every file of the mount on its disk, with the same bytes, and no other. */
export async function holdSame(
  t: ExecutionContext,
  room: GlusterRoom,
  desk: Pc,
  numbers: readonly number[],
): Promise<void> {
  const seen = sorted(await sumsOnMount(desk))
  t.true(seen.size > 0)
  for (const number of numbers)
    t.deepEqual(differences(await onDisk(room, number), seen), [], `the disk of pc-${number}`)
}

/** Whether the disk of that PC has every file of the mount. */
export const holdsAll = async (room: GlusterRoom, desk: Pc, number: number): Promise<boolean> =>
  differences(await onDisk(room, number), await sumsOnMount(desk)).length === 0

/** Writes for so many seconds, each file to the disk before the next. Resolves with the longest that one took, in ms. */
export async function write(desk: Pc, folder: string, seconds: number): Promise<number> {
  const loop = `
    mkdir -p /mnt/$0; end=$(($(date +%s) + $1)); number=0; longest=0
    while [ "$(date +%s)" -lt "$end" ]; do
      number=$((number + 1)); before=$(date +%s%N)
      dd if=/dev/urandom of=/mnt/$0/$number bs=4k count=1 conv=fsync status=none || exit 1
      took=$((($(date +%s%N) - before) / 1000000))
      [ "$took" -le "$longest" ] || longest=$took
    done
    echo "$longest"`
  const args = ['sh', '-c', loop, folder, String(seconds)]
  return Number(await desk.must(args, { timeout: (seconds + 60) * 1000 }))
}

export const states = (sets: readonly SetStatus[]): string[] =>
  sets.flatMap(({ bricks }) => bricks.map(({ pc, state }) => `${pc} ${state}`)).sort()

export const allHere = (sets: readonly SetStatus[]): boolean =>
  sets.length > 0 &&
  sets.every(({ bricks, pending }) => pending === 0 && bricks.every(({ state }) => state === 'here'))
