import type { Tag } from './tag.ts'

/** A try that failed, or whose answer is not known yet. */
export interface Failure {
  /** Ms since the epoch. */
  readonly at: number
  readonly person: Tag
  /** The address, or the browser where that one knows the person. */
  readonly from: Tag
  readonly known: boolean
}

/** Failures as the other replicas read them: a line each. */
export const linesOf = (failures: Iterable<Failure>): string =>
  [...failures]
    .map(({ at, person, from, known }) => `${at.toString(36)} ${person} ${from} ${known ? 'd' : 'a'}`)
    .join('\n')

const LINE = /^([0-9a-z]{1,9}) ([\w-]{16}) ([\w-]{16}) ([ad])$/
/** Lines of one replica that are read at most: it keeps fewer itself. */
const MOST_LINES = 8_000

/** The failures in another replica's lines; what is no such line is passed over. */
export function failuresIn(text: string): Failure[] {
  return text.split('\n', MOST_LINES).flatMap((line) => {
    const [, at = '', person = '', from = '', kind] = LINE.exec(line) ?? []
    return kind === undefined ? [] : [{ at: Number.parseInt(at, 36), person, from, known: kind === 'd' }]
  })
}
