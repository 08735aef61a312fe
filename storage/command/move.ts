import { setTimeout as sleep } from 'node:timers/promises'
import { CoreV1Api, CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import type { Command } from 'commander'
import { z } from 'zod'
import { type ClusterOptions, openCluster, withCluster } from '../../cli/cluster.ts'
import { type DryRunOptions, type OutputOptions, withDryRun, withOutput } from '../../cli/options.ts'
import { print, printOne } from '../../cli/output.ts'
import { examplesText } from '../../cli/run.ts'
import { sizeOf } from '../../cli/size.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { unless } from '../../cluster/answer.ts'
import { allIdentities } from '../../cluster/identities.ts'
import { listPages } from '../../cluster/pages.ts'
import { API_GROUP, API_VERSION, FIELD_MANAGERS, NAMESPACES, STORAGE_MOVE } from '../../config/names.ts'
import { countPods, type PodCount, usingPod } from '../move/pods.ts'
import { MoveStatus } from '../move/status.ts'
import { placeRecords, readWish } from '../places/cluster.ts'
import { type Place, SHARED, type Wish, wantedSide } from '../places/facts.ts'

interface MoveOptions extends ClusterOptions, DryRunOptions, OutputOptions {
  readonly back?: boolean
  readonly finish?: boolean
  readonly status?: boolean
  readonly wait: boolean
}

/** `deskfleet storage move` */
export function addMoveCommand(storage: Command, terminal: Terminal): void {
  withOutput(withDryRun(withCluster(storage.command('move'), 'storage')))
    .description('bring all homes from the directory in storage.from to the volume, while people work')
    .option('--status', 'show whose home has moved, and who is still to go; exit code 1 until all is done')
    .option('--back', 'bring all homes back to where they came from; until it is finished')
    .option(
      '--finish',
      'say that it is over: storage.from may be taken out of cluster.yaml; no file is removed',
    )
    .option('--no-wait', 'ask for it, and do not wait')
    .addHelpText(
      'after',
      examplesText([
        'deskfleet storage move --dry-run',
        'deskfleet storage move',
        'deskfleet storage move --status',
        'deskfleet storage move --finish',
      ]),
    )
    .action((options: MoveOptions) => move(terminal, options))
}

const MOVES = {
  group: API_GROUP,
  version: API_VERSION,
  namespace: NAMESPACES.storage,
  plural: STORAGE_MOVE.plural,
} as const
const MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
const Told = z.object({ status: MoveStatus.prefault({}) })

interface Room {
  readonly api: CustomObjectsApi
  readonly wish: Wish
  readonly status: MoveStatus
  readonly places: readonly Place[]
  readonly pods: PodCount
  readonly logins: ReadonlyMap<string, string>
}

async function look(kubeconfig: string | undefined): Promise<Room> {
  const cluster = openCluster(kubeconfig)
  const api = cluster.makeApiClient(CustomObjectsApi)
  const core = cluster.makeApiClient(CoreV1Api)
  const found = await unless(404, () => api.getNamespacedCustomObject({ ...MOVES, name: STORAGE_MOVE.name }))
  if (found === undefined) {
    throw new Error(
      'nothing is to be moved: write storage.from into cluster.yaml, deliver it, and wait until the program home-mover runs',
    )
  }
  const [places, pods, people] = await Promise.all([
    placeRecords(cluster, FIELD_MANAGERS.command).all(),
    listPages((page) => core.listNamespacedPod({ namespace: NAMESPACES.desktops, ...page })),
    allIdentities(api, () => {}),
  ])
  return {
    api,
    wish: readWish(found),
    status: Told.parse(found).status,
    places,
    pods: countPods(pods.items.map(usingPod)),
    logins: new Map(people.map(({ spec }) => [spec.entryUUID.toLowerCase(), spec.login])),
  }
}

async function move(terminal: Terminal, options: MoveOptions): Promise<void> {
  const { kubeconfig, output, back = false, finish = false, dryRun = false, wait } = options
  if (back && finish) throw new Error('--back and --finish contradict each other')
  const room = await look(kubeconfig)
  if (options.status) return status(terminal, room, output)
  if (room.status.finished)
    throw new Error('the move is over: take storage.from out of cluster.yaml; it cannot be taken back')
  const wish = back ? 'back' : finish ? 'finish' : 'over'
  if (finish) refuseUnfinished(room)
  if (dryRun) {
    terminal.stdout.write(outlook(room, wish))
    return
  }
  const body = { spec: { wish } }
  const fieldManager = FIELD_MANAGERS.command
  await room.api.patchNamespacedCustomObject({ ...MOVES, name: STORAGE_MOVE.name, body, fieldManager }, MERGE)
  if (wait) await waitFor(terminal, kubeconfig, wish)
  else terminal.stdout.write('asked for; "deskfleet storage move --status" shows how far it is\n')
}

/** Who is not here yet. */
function refuseUnfinished(room: Room): void {
  const left = room.places.filter(({ side, held }) => side !== 'here' || held !== undefined)
  if (left.length === 0 && room.status.done) return
  const names = left.slice(0, 10).map((place) => nameOf(room, place))
  const more = left.length > 10 ? ` and ${left.length - 10} more` : ''
  const what =
    left.length > 0 ? `not all homes have moved: ${names.join(', ')}${more}` : 'the trash has not moved yet'
  throw new Error(`${what}; see "deskfleet storage move --status"`)
}

const nameOf = ({ logins }: Room, { name }: Place): string =>
  name === SHARED ? 'the shared folder' : (logins.get(name) ?? name)

/** In words for whoever waits. */
function stateOf({ pods, status, wish }: Room, place: Place): string {
  const trouble = status.troubles.find(({ name }) => name === place.name)
  const now = status.now.find(({ name }) => name === place.name)
  if (place.held) return `being switched${trouble ? ` (${trouble.why})` : ''}`
  if (wantedSide(wish, place.side) === place.side) return wish === 'stay' ? 'not asked for' : 'moved'
  if (trouble) return trouble.why
  if (now) return now.step === 'compare' ? 'being compared' : 'being copied'
  if (place.compared === undefined) return 'to go'
  if (pods(place.name) > 0)
    return place.name === SHARED ? 'waits until no desktop runs' : 'copied; waits until the desktop ends'
  return 'copied; is switched soon'
}

function status(terminal: Terminal, room: Room, output: OutputOptions['output']): void {
  const { status: told, wish, places } = room
  const rows = places.map((place) => ({
    home: nameOf(room, place),
    lies: place.side === 'here' ? 'on the volume' : 'in the directory',
    state: stateOf(room, place),
  }))
  rows.sort((a, b) => (a.home < b.home ? -1 : 1))
  const done = told.done && told.wish === wish
  const head = {
    wish,
    moved: told.moved,
    toGo: told.toGo,
    waiting: told.waiting,
    done,
    finished: told.finished,
  }
  if (output === 'table') {
    terminal.stdout.write(`${printOne(head, output)}\n`)
    terminal.stdout.write(print(rows, output, 'there are no homes', terminal.stdout.columns))
    for (const { name, why } of told.troubles)
      terminal.stdout.write(`\n${room.logins.get(name) ?? name}: ${why}\n`)
  } else terminal.stdout.write(printOne({ ...head, homes: rows, troubles: told.troubles }, output))
  if (!done && wish !== 'stay') throw new Error('not all is where it shall be yet')
}

/** Bytes of a second: what a network of 1 Gbit/s and five copies allow. */
const RATE = 20e6

function outlook(room: Room, wish: Wish): string {
  const { places, status: told } = room
  const left = places.filter((place) => place.held || wantedSide(wish, place.side) !== place.side)
  if (wish === 'finish') return 'the move would be over; nothing is removed (dry run)\n'
  const [source, target] = wish === 'back' ? [told.here, told.from] : [told.from, told.here]
  const lines = [`${left.length} of ${places.length} homes and folders would be moved (dry run)`]
  if (source && target) {
    const hours = source.used / RATE / 3600
    lines.push(
      `in use on the disk there: ${sizeOf(source.used)}, the trash and whatever else lies on it included; free on the other side: ${sizeOf(target.free)}`,
      `at ${RATE / 1e6} MB/s copying takes about ${hours < 1 ? `${Math.ceil(hours * 60)} minutes` : `${hours.toFixed(1)} hours`}, and comparing as long again; people work meanwhile`,
    )
    if (source.used > target.free)
      lines.push(
        'that does not fit, unless others use that disk, too (du -s tells): else make room on the other side first',
      )
  }
  return `${lines.join('\n')}\n`
}

/** Tells each time that something is news, until it is so. */
async function waitFor(terminal: Terminal, kubeconfig: string | undefined, wish: Wish): Promise<void> {
  terminal.stdout.write('asked for; Ctrl-C stops waiting, and it goes on\n')
  let before = ''
  for (;;) {
    const room = await look(kubeconfig)
    const { status: told } = room
    if (room.wish !== wish) throw new Error(`somebody else asked for something else meanwhile: ${room.wish}`)
    if (told.wish === wish) {
      if (wish === 'finish' ? told.finished : told.done) break
      const now = told.now.map(({ name, step }) => `${room.logins.get(name) ?? name}: ${step}`)
      const said = `${told.moved} moved, ${told.toGo} to go, ${told.waiting} wait for their desktop to end${now.map((one) => `; ${one}`).join('')}\n`
      if (said !== before) terminal.stdout.write(said)
      before = said
    }
    await sleep(2_000)
  }
  terminal.stdout.write(
    wish === 'finish'
      ? 'it is over: take storage.from out of cluster.yaml; the old copies are in moved/ of that directory\n'
      : wish === 'back'
        ? 'all homes are back: write storage.kind: path into cluster.yaml again\n'
        : 'all homes have moved; when you are content: deskfleet storage move --finish\n',
  )
}
