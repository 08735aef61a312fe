import type { BrickPlace, BrickState, Heal, Options, Peer, Rebalance, Task, Volume } from '../plan/facts.ts'
import { type Element, UnreadableAnswer } from './xml.ts'

/** Gluster's answers as facts. Each throws UnreadableAnswer rather than fill in what it did not find. */

/** `pool list`. @param me this PC, which Gluster calls localhost in its own list. */
export function peersIn(output: Element, me: string): Peer[] {
  return output
    .one('peerStatus')
    .all('peer')
    .map((peer) => {
      const own = peer.text('hostname') === 'localhost'
      return {
        name: own ? me : nameOf(peer),
        uuid: peer.text('uuid'),
        state: own ? 'Peer in Cluster' : peer.text('stateStr'),
        connected: yes(peer, 'connected'),
      }
    })
}

/** A peer that was met by its address at first knows its name as one more. */
function nameOf(peer: Element): string {
  const names = (peer.maybe('hostnames')?.all('hostname') ?? []).map((one) => one.content)
  return [peer.text('hostname'), ...names].find((name) => !/^[\d.]+$|:/.test(name)) ?? peer.text('hostname')
}

/** `volume info V`; undefined where it answers with no volume at all. */
export function volumeIn(output: Element, name: string): Volume | undefined {
  const found = output
    .one('volInfo')
    .one('volumes')
    .all('volume')
    .find((volume) => volume.text('name') === name)
  if (!found) return undefined
  const bricks = found.one('bricks').all('brick')
  return {
    name,
    id: found.text('id'),
    status: oneOf(found.text('statusStr'), { Created: 'created', Started: 'started', Stopped: 'stopped' }),
    width: found.count('replicaCount'),
    arbiters: found.count('arbiterCount'),
    bricks: bricks.map((brick) => placeOf(brick.text('name'))),
    options: optionsIn(found),
  }
}

function optionsIn(volume: Element): Options {
  const options = volume.maybe('options')?.all('option') ?? []
  return Object.fromEntries(options.map((option) => [option.text('name'), option.text('value')]))
}

/** `volume status V detail`. Bricks of PCs that do not answer are not in it. */
export function bricksIn(output: Element, volume: string): BrickState[] {
  return statusOf(output, volume)
    .all('node')
    .map((node) => {
      const online = yes(node, 'status')
      return {
        pc: node.text('hostname'),
        path: node.text('path'),
        online,
        port: online ? node.count('port') : undefined,
        pid: online ? node.count('pid') : undefined,
        bytes: sizeOf(node, 'sizeTotal'),
        free: sizeOf(node, 'sizeFree'),
      }
    })
}

/** `volume status V tasks`, without rebalances, which have an answer of their own. */
export function tasksIn(output: Element, volume: string): Task[] {
  const tasks = statusOf(output, volume).maybe('tasks')?.all('task') ?? []
  return tasks
    .map((task) => ({ type: task.text('type'), id: task.text('id'), state: task.text('statusStr') }))
    .filter(({ type }) => type !== 'Rebalance')
    .map(({ type, id, state }) => ({ id, state, kind: KINDS[type] ?? 'other' }))
}

const KINDS: Readonly<Record<string, Task['kind']>> = {
  'Remove brick': 'remove-brick',
  'Replace brick': 'replace-brick',
}

function statusOf(output: Element, name: string): Element {
  const volumes = output.one('volStatus').one('volumes').all('volume')
  const found = volumes.find((volume) => volume.text('volName') === name)
  if (!found) throw new UnreadableAnswer(`it tells nothing of the volume ${name}`)
  return found
}

/** Those of a brick that does not run are missing. */
const sizeOf = (node: Element, name: string): number =>
  /^\d+$/.test(node.maybe(name) ? node.text(name) : '') ? node.count(name) : 0

/** `volume heal V info summary`. */
export function healIn(output: Element): Heal[] {
  return output
    .one('healInfo')
    .one('bricks')
    .all('brick')
    .map((brick) => {
      const place = placeOf(brick.text('name'))
      if (brick.text('status') !== 'Connected')
        return { ...place, answered: false, pending: 0, splitBrain: 0 }
      const splitBrain = brick.count('numberOfEntriesInSplitBrain')
      const pending = brick.count('totalNumberOfEntries') - splitBrain
      return { ...place, answered: true, pending, splitBrain }
    })
}

/** `volume rebalance V status`; undefined where no PC knows of one. */
export function rebalanceIn(output: Element): Rebalance | undefined {
  const found = output.one('volRebalance')
  const states = found.all('node').map((node) => oneOf(node.text('statusStr'), REBALANCE))
  const begun = states.filter((state) => state !== 'none')
  // Gluster's own sum calls it completed while some PCs are still at it.
  const state = (['running', 'failed', 'stopped', 'completed'] as const).find((one) => begun.includes(one))
  if (state === undefined) return undefined
  return { id: found.text('task-id'), state, failures: found.one('aggregate').count('failures') }
}

const REBALANCE = {
  'not started': 'none',
  // What was known of the last run, Gluster forgets when bricks change.
  'reset due to replace-brick': 'none',
  'reset due to reset-brick': 'none',
  'in progress': 'running',
  'fix-layout in progress': 'running',
  completed: 'completed',
  'fix-layout completed': 'completed',
  failed: 'failed',
  'fix-layout failed': 'failed',
  stopped: 'stopped',
  'fix-layout stopped': 'stopped',
} as const

function placeOf(name: string): BrickPlace {
  const colon = name.indexOf(':')
  if (colon < 1) throw new UnreadableAnswer(`"${name}" names no brick`)
  return { pc: name.slice(0, colon), path: name.slice(colon + 1) }
}

const yes = (element: Element, name: string): boolean => element.count(name) === 1

function oneOf<Word extends string, Meaning>(
  word: string,
  meanings: Readonly<Record<Word, Meaning>>,
): Meaning {
  if (Object.hasOwn(meanings, word)) return meanings[word as Word]
  throw new UnreadableAnswer(`"${word}" is a state that this program does not know`)
}
