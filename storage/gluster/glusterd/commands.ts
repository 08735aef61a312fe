import { PC_PATTERN } from '../../../config/names.ts'
import type { BrickPlace, Change, Options } from '../plan/facts.ts'

/** What `gluster` is called with for each change, word by word; no shell ever sees it. */
export type Command = readonly string[]

const VOLUME = /^[a-z][a-z0-9-]{0,62}$/
const PATH = /^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/
const OPTION = /^[a-z0-9]+([.-][a-z0-9]+)+$/
/** Nothing that would be taken for an option of the command line, or for more than one word. */
const VALUE = /^[A-Za-z0-9_./*:,%][A-Za-z0-9_./*:,%-]*$/

/** @throws when a word is none that this program would ever choose: nothing is asked of Gluster then. */
export function commandsOf(volume: string, change: Change): Command[] {
  const v = checked(VOLUME, volume)
  switch (change.change) {
    case 'unfence':
    case 'wipe':
    case 'touch-root':
      return []
    case 'fence':
      return set(v, { 'auth.ssl-allow': change.allowed })
    case 'probe':
      return [['peer', 'probe', checked(PC_PATTERN, change.pc)]]
    case 'detach':
      // A PC that leaves is often off already. Gluster refuses all the same while it has a brick of any volume.
      return [['peer', 'detach', checked(PC_PATTERN, change.pc), 'force']]
    case 'create':
      return [
        ['volume', 'create', v, ...copies(change.width, change.arbiters), ...change.bricks.map(brick)],
        ...set(v, change.options),
      ]
    case 'start':
      return [['volume', 'start', v, ...(change.force ? ['force'] : [])]]
    case 'options':
      return set(v, change.options)
    case 'replace':
      return [['volume', 'replace-brick', v, brick(change.from), brick(change.to), 'commit', 'force']]
    case 'reset': {
      const place = brick(change.brick)
      return [
        ['volume', 'reset-brick', v, place, 'start'],
        ['volume', 'reset-brick', v, place, place, 'commit', 'force'],
      ]
    }
    case 'raise': {
      const { width, arbiters, bricks } = change
      return [['volume', 'add-brick', v, ...copies(width, arbiters), ...bricks.map(brick)]]
    }
    case 'lower':
      return [
        ['volume', 'remove-brick', v, 'replica', String(change.width), ...change.bricks.map(brick), 'force'],
      ]
    case 'add-set':
      return [['volume', 'add-brick', v, ...change.bricks.map(brick)]]
    case 'rebalance':
      return [['volume', 'rebalance', v, 'start']]
    case 'stop-rebalance':
      return [['volume', 'rebalance', v, 'stop']]
    case 'heal':
      return [['volume', 'heal', v]]
  }
}

function copies(width: number, arbiters: number): Command {
  if (width === 1) return []
  return ['replica', String(width), ...(arbiters === 0 ? [] : ['arbiter', String(arbiters)])]
}

/** All in one call: they are set together, or none is. */
function set(volume: string, options: Options): Command[] {
  const words = Object.entries(options).flatMap(([option, value]) => [
    checked(OPTION, option),
    checked(VALUE, value),
  ])
  return words.length === 0 ? [] : [['volume', 'set', volume, ...words]]
}

const brick = ({ pc, path }: BrickPlace): string => `${checked(PC_PATTERN, pc)}:${checked(PATH, path)}`

function checked(pattern: RegExp, word: string): string {
  if (pattern.test(word)) return word
  throw new Error(`"${word}" is no word for Gluster`)
}
