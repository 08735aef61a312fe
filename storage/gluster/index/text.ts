import { UUID_PATTERN } from '../../../config/home-marker.ts'
import { LAYOUT } from '../../layout.ts'
import type { Entry } from '../../usage/entry.ts'
import { isPointer } from '../../usage/tally.ts'

/**
 * The list of a set's files, as it is kept: `SIZE MTIME PATH` for each, a byte of zero behind it, and at the end how many
 * they were, since a list without that was not finished.
 */

/** What people have: the rest of a volume is its own book-keeping. */
const LISTED: readonly string[] = [LAYOUT.homes, LAYOUT.shared, LAYOUT.trash].map((name) => `${name}/`)

/** The line of one; undefined for what is nobody's file. */
export function lineOf(entry: Entry): Buffer | undefined {
  if (isPointer(entry, 1)) return undefined
  const { path, size, mtime } = entry
  if (!LISTED.some((begin) => path.subarray(0, begin.length).toString('latin1') === begin)) return undefined
  return Buffer.concat([Buffer.from(`${size} ${mtime} `), path, ZERO])
}

const ZERO = Buffer.from([0])

export const endOf = (files: number): string => `end ${files}\0`

/** Whose home a path is in; undefined of what lies in none. */
export function homeIn(path: Buffer): string | undefined {
  const begin = `${LAYOUT.homes}/`
  const head = path.subarray(0, begin.length + 37).toString('latin1')
  const uuid = head.slice(begin.length, begin.length + 36)
  return head.startsWith(begin) && head.endsWith('/') && UUID_PATTERN.test(uuid) ? uuid : undefined
}

/** A file of a list. */
export interface Listed {
  readonly size: number
  /** Whole seconds since 1970. */
  readonly mtime: number
  readonly path: Buffer
}

export type Line = Listed | { readonly end: number }

/** One line, without its zero; undefined for what is none. */
export function readLine(line: Buffer): Line | undefined {
  const end = /^end (\d{1,15})$/.exec(line.toString('latin1'))
  if (end !== null) return { end: Number(end[1]) }
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  if (first < 1 || second < 0) return undefined
  const [size, mtime] = [
    Number(line.toString('latin1', 0, first)),
    Number(line.toString('latin1', first + 1, second)),
  ]
  return Number.isNaN(size + mtime) ? undefined : { size, mtime, path: line.subarray(second + 1) }
}
