/** Bytes of bodies that are held at once, until they are judged. Some is kept for bodies that are small. */
export interface Room {
  /** Whether so many bytes more fit, of a body that has `whole` then; if so they are held. */
  take(bytes: number, whole: number): boolean
  give(bytes: number): void
}

/** As long as a review of a pod of ours may well be, ten times over. */
const SMALL = 64 * 1024

/** A quarter of `most` is for small bodies alone: few large ones keep nobody's desktop from starting. */
export function newRoom(most: number): Room {
  let held = 0
  return {
    take(bytes, whole) {
      if (held + bytes > (whole > SMALL ? most * 0.75 : most)) return false
      held += bytes
      return true
    },
    give(bytes) {
      held -= bytes
    },
  }
}
