import { z } from 'zod'

/** How the gateway writes things. What is zero, empty or false it leaves out. */

/** An id of a member or a cluster. 64 bits, more than a number of JavaScript holds: a text, here and everywhere. */
export const id = z.string().regex(/^\d+$/)

/** A number of 64 bits that is a count, a size or a revision, and fits. */
export const count = z
  .string()
  .regex(/^-?\d+$/)
  .default('0')
  .transform(Number)
  .pipe(z.int())

export const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'))

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** As etcd writes ranges: everything that begins with it ends before this. All keys have the range `\0` to `\0`. */
export function rangeOf(prefix: string): { key: string; range_end: string } {
  if (prefix === '') return { key: 'AA==', range_end: 'AA==' }
  const end = Buffer.from(prefix)
  // The last byte of a prefix in UTF-8 is never 0xff.
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return { key: base64(prefix), range_end: end.toString('base64') }
}
