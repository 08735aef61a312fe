/** How many bricks a set has, and what it can do without. */

/**
 * Bricks of a set of `width` that must be there to write. Two go on with one: which of two that is, their agents settle
 * (alone.ts), since with Gluster's own rule for two the loss of the first one would stop everything. For four and six
 * Gluster's rule is a little milder (half of them, the first included); here it is the majority.
 */
export const quorumOf = (width: number): number => (width <= 2 ? 1 : Math.floor(width / 2) + 1)

/**
 * Copies that so many bricks are used for, where `wanted` are: as many as wanted; below that an odd number, since an even
 * one survives no more losses; and two rather than one.
 */
export function copiesWith(bricks: number, wanted: number): number {
  if (bricks >= wanted) return wanted
  if (bricks <= 2) return bricks
  return bricks % 2 === 1 ? bricks : bricks - 1
}

/** The shape of each set. */
export interface Shape {
  readonly width: number
  readonly arbiters: number
}

/** Sets of two, of which neither is a majority. */
export const areTwo = ({ width, arbiters }: Shape): boolean => width === 2 && arbiters === 0

/** Two copies on three PCs: the third holds names alone, and settles who of the two is right. */
const WITH_ARBITER: Shape = { width: 3, arbiters: 1 }

/** What a new volume of one set is born with; undefined where there are fewer than `least`. */
export function shapeAtBirth(bricks: number, copies: number, least: number): Shape | undefined {
  const possible = copiesWith(bricks, copies)
  if (possible < 1 || possible < least) return undefined
  return copies === 2 && bricks > 2 ? WITH_ARBITER : { width: possible, arbiters: 0 }
}

/**
 * The next shape on the way to `wanted` copies, with so many free bricks for each set; undefined where it stays. It
 * grows only so far that the copies there are make a quorum of the new width: else those that are still empty could
 * outvote those that have everything.
 */
export function nextShape(now: Shape, wanted: number, freePerSet: number): Shape | undefined {
  const copies = now.width - now.arbiters
  // One brick of each set at a time, the arbiter first.
  if (copies > wanted) return { width: now.width - 1, arbiters: 0 }
  // Gluster raises no volume that has an arbiter; without it the set goes on as one of two.
  if (now.arbiters > 0) return wanted > copies ? { width: copies, arbiters: 0 } : undefined
  if (copies === wanted) return wanted === 2 && freePerSet > 0 ? WITH_ARBITER : undefined
  for (let width = copiesWith(copies + freePerSet, wanted); width > copies; width--) {
    const isOne = width === wanted || width <= 2 || width % 2 === 1
    if (isOne && quorumOf(width) <= copies) return { width, arbiters: 0 }
  }
  return undefined
}
