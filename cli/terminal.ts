import type { ReadStream, WriteStream } from 'node:tty'

/** Where a command of `npx deskfleet` speaks and listens: results on stdout, everything else on stderr. */
export interface Terminal {
  readonly stdin: ReadStream
  readonly stdout: WriteStream
  readonly stderr: WriteStream
}
