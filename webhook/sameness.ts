/**
 * Whether a value of a pod says the same as ours. What is blank (absent, null, false or empty text) in theirs
 * may be absent in ours: Kubernetes treats them alike, and the fields compared here all have such defaults.
 */
export function same(theirs: unknown, ours: unknown): boolean {
  if (Array.isArray(ours)) {
    return (
      Array.isArray(theirs) && theirs.length === ours.length && ours.every((one, i) => same(theirs[i], one))
    )
  }
  if (!isRecord(ours)) return theirs === ours
  if (!isRecord(theirs)) return false
  return (
    Object.keys(ours).every((key) => same(theirs[key], ours[key])) &&
    Object.keys(theirs).every((key) => Object.hasOwn(ours, key) || blank(theirs[key]))
  )
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const blank = (value: unknown): boolean =>
  value === undefined || value === null || value === false || value === ''
