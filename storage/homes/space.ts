import { LITTLE } from '../fullness.ts'
import { type Problem, problem } from '../problem.ts'

/** What the storage directory has room for, as its file system tells it. */
export interface Space {
  /** Bytes, in all and for people. */
  readonly whole: number
  readonly free: number
  /** Files, in all and still; 0 in all where the file system has no such limit. */
  readonly files: number
  readonly filesFree: number
}

const MEND =
  'make room, or give it more, before nobody can save a file; see docs/storage.md, "When it fills up"'

/** Whether there is little left: told ahead, since from the last byte on what people save is lost. */
export function spaceFindings({ whole, free, files, filesFree }: Space): Problem[] {
  const left = (part: number, all: number): number => (all > 0 ? part / all : 1)
  const less = `less than ${LITTLE * 100} %`
  return [
    ...(left(free, whole) < LITTLE
      ? [problem('StorageFull', `${less} of the storage directory's ${gigabytes(whole)} GB is left`, MEND)]
      : []),
    ...(left(filesFree, files) < LITTLE
      ? [problem('StorageFull', `${less} of the storage directory's ${files} files is left`, MEND)]
      : []),
  ]
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1)
