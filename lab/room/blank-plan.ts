import type { PcAction } from './pc.ts'
import type { Pc } from './plan.ts'

/** What a room of blank PCs has, and what it cannot do. */

/** As many as a room has workers. */
const MOST = 20

/** `pc-1` and on, where workers are: none of them is a master yet. */
export const blankPcs = (count: number): Pc[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `pc-${index + 1}`,
    role: 'worker',
    address: `10.90.0.${51 + index}`,
  }))

/** Why a room of so many blank PCs cannot be; undefined when it can. */
export function refuseBlankWish(count: number): string | undefined {
  if (Number.isInteger(count) && count >= 1 && count <= MOST) return undefined
  return `a room of blank PCs has 1 to ${MOST} of them`
}

/** Why a room that runs is not the one that is asked for; undefined when it is. */
export function refuseOtherBlank(
  name: string,
  has: { readonly count: number; readonly brickGiB: number },
  wish: { readonly count: number; readonly brickGiB: number | undefined },
): string | undefined {
  if (has.count === wish.count && (wish.brickGiB ?? has.brickGiB) === has.brickGiB) return undefined
  return (
    `the blank room "${name}" was made with ${has.count} PCs and ${has.brickGiB} GiB for Gluster on each: ` +
    `end it first (npm run lab -- room down --name ${name}), or choose another name`
  )
}

/** What is asked of a room of blank PCs, and wants a cluster. */
export const refuseWithoutCluster = (name: string, what: string): string =>
  `"${name}" is a room of blank PCs, and ${what} wants a cluster that the lab made: npm run lab -- room up --name OTHER`

/** What happens to a PC as such, whatever is on it. */
export const BLANK_PC_ACTIONS = ['off', 'on', 'reboot', 'cut', 'mend'] as const
export type BlankPcAction = (typeof BLANK_PC_ACTIONS)[number]

export const isBlankPcAction = (action: PcAction): action is BlankPcAction =>
  BLANK_PC_ACTIONS.some((one) => one === action)
