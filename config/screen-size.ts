import { amount } from './quantity.ts'

/**
 * How many pixels a desktop's screen may have, by the memory that the desktop may use: a quarter of it at 24 bytes a
 * pixel. Xvnc keeps each pixel twice, the wallpaper is as large on either side of X, and a window that fills the screen
 * is there twice again.
 */
export const screenPixels = (memoryLimit: string): number =>
  Math.max(LEAST, Math.min(MOST, Math.floor(amount(memoryLimit) / 4 / 24)))

/** 1280x800, for which any desktop has to have memory; and the largest that is made, 7680x4320. */
const LEAST = 1_024_000
const MOST = 33_177_600
