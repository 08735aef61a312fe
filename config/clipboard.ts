/**
 * What passes between the clipboards of a browser and of a desktop: one limit for the page, both relays and Xvnc, so
 * that whatever the page lets through arrives.
 */
export const CLIPBOARD = {
  /** Bytes of a text as RFB counts them: UTF-8, two for each end of a line, one at the end. */
  longest: 1_000_000,
  /** Bytes of the message that carries it. Deflate adds five for each 16 KiB that it cannot make smaller. */
  message: 1_065_536,
} as const
