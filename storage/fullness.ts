/** Part of all that is left when it is time to do something. */
export const LITTLE = 0.03
/** Bytes below which any disk is nearly full, but for one on which they would be a large part. */
const FEW = 500e6
const LARGE = 0.05
/** So much more must be free before it is said no longer. */
const AGAIN = 1.5

/** Whether so little of so much is left that it is time to do something; `before`: whether that was said at the last look. */
export function isTight(before: boolean, free: number, whole: number): boolean {
  if (whole <= 0) return false
  const bound = Math.max(whole * LITTLE, Math.min(FEW, whole * LARGE))
  return free < (before ? bound * AGAIN : bound)
}
