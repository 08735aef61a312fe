import type { BrickPlace, Change, Options, Volume } from './facts.ts'
import type { Part, Told } from './observe.ts'

/** What must be read to see whether a change is so. */
export function partsOf({ change }: Change): Part[] {
  switch (change) {
    case 'unfence':
    case 'wipe':
    case 'touch-root':
    case 'heal':
      return []
    case 'probe':
    case 'detach':
      return ['peers']
    case 'fence':
    case 'create':
    case 'options':
    case 'lower':
      return ['volume']
    case 'start':
    case 'replace':
    case 'reset':
    case 'raise':
    case 'add-set':
      return ['volume', 'running', 'peers']
    case 'rebalance':
    case 'stop-rebalance':
      return ['rebalance']
  }
}

/** Whether what was asked for is so now. What could not be read is not seen. */
export function isSeen(change: Change, told: Told): boolean {
  const { volume, peers, rebalance } = told
  const known = volume === 'unread' || volume === 'none' ? undefined : volume
  switch (change.change) {
    case 'unfence':
    case 'wipe':
    case 'touch-root':
    case 'heal':
      // They leave nothing that Gluster would show: its answer is all there is.
      return true
    case 'probe':
      return (
        peers !== 'unread' &&
        peers.some(({ name, connected, state }) => name === change.pc && connected && state === IN_CLUSTER)
      )
    case 'detach':
      return peers !== 'unread' && !peers.some(({ name }) => name === change.pc)
    case 'fence':
      return known?.options['auth.ssl-allow'] === change.allowed
    case 'options':
      return hasOptions(known, change.options)
    case 'create':
      return (
        known?.width === change.width &&
        known.arbiters === change.arbiters &&
        same(known.bricks, change.bricks) &&
        hasOptions(known, change.options)
      )
    case 'start':
      return (
        known?.status === 'started' && known.bricks.every((one) => !isReachable(told, one) || runs(told, one))
      )
    case 'replace':
      return hasBrick(known, change.to) && !hasBrick(known, change.from) && runs(told, change.to)
    case 'reset':
      return hasBrick(known, change.brick) && runs(told, change.brick)
    case 'raise':
      return (
        known?.width === change.width &&
        known.arbiters === change.arbiters &&
        change.bricks.every((one) => hasBrick(known, one) && runs(told, one))
      )
    case 'lower':
      return known?.width === change.width && !change.bricks.some((one) => hasBrick(known, one))
    case 'add-set':
      return change.bricks.every((one) => hasBrick(known, one) && runs(told, one))
    case 'rebalance':
      return rebalance !== 'unread' && rebalance !== 'none' && rebalance.id !== change.former
    case 'stop-rebalance':
      return rebalance === 'none' || (rebalance !== 'unread' && rebalance.state !== 'running')
  }
}

const IN_CLUSTER = 'Peer in Cluster'

const is = (one: BrickPlace, other: BrickPlace): boolean => one.pc === other.pc && one.path === other.path

const hasBrick = (volume: Volume | undefined, brick: BrickPlace): boolean =>
  volume?.bricks.some((one) => is(one, brick)) ?? false

const same = (these: readonly BrickPlace[], those: readonly BrickPlace[]): boolean =>
  these.length === those.length && these.every((one, index) => those[index] && is(one, those[index]))

const hasOptions = (volume: Volume | undefined, options: Options): boolean =>
  volume !== undefined && Object.entries(options).every(([option, value]) => volume.options[option] === value)

const runs = ({ running }: Told, brick: BrickPlace): boolean =>
  running !== 'unread' && running.some((one) => is(one, brick) && one.online)

/** A volume may be started while a PC of it is off; what is reachable must run. */
const isReachable = ({ peers }: Told, { pc }: BrickPlace): boolean =>
  peers === 'unread' || peers.some(({ name, connected }) => name === pc && connected)
