/** A brick of a set, as the volume's status has it. */
export interface SetBrick {
  readonly pc: string
  readonly state: string
  readonly arbiter: boolean
}

/**
 * Whose disk a set is measured on: the first one that has everything; an arbiter has names alone. Each PC asks for itself,
 * of the same status. Undefined where no disk of the set has everything. Pure.
 */
export const measurerOf = (bricks: readonly SetBrick[]): string | undefined =>
  bricks.find(({ state, arbiter }) => state === 'here' && !arbiter)?.pc

/** The set (from 1) that this PC is to measure. */
export function setToMeasure(sets: readonly (readonly SetBrick[])[], me: string): number | undefined {
  const at = sets.findIndex((bricks) => measurerOf(bricks) === me)
  return at < 0 ? undefined : at + 1
}
