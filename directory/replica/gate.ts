import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GATE } from '../../config/names.ts'
import { listens } from '../../service/listens.ts'
import { begin, takeWrites, trustAnew } from '../socket.ts'

/**
 * What lets slapd take writes and stops it. One word at a time reaches slapd, and the last one holds. While it is open a
 * file beside the socket says so each second; without that slapd ends (charts/slapd/start.ts), whatever became of us.
 */
export interface Gate {
  open(): Promise<void>
  /** Resolves when slapd takes none any more, or is gone: until then nobody else may begin. */
  close(failed: (error: unknown) => void): Promise<void>
  /**
   * Says again what holds: to a slapd that was started anew, or that an earlier process of this kind let write, and whom
   * it may trust now.
   */
  confirm(): Promise<void>
  /** The first write of all, to an empty directory. */
  found(baseDN: string): Promise<void>
  isOpen(): boolean
}

/** Ms between two tries to stop a slapd that does not listen. */
const PAUSE = 200
/** Ms between two words that it is open. */
const SAY = 1_000

export function openGate(socket: string): Gate {
  let open = false
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
  const file = join(dirname(socket), GATE.file)
  const say = () => writeFile(file, '')
  let saying: NodeJS.Timeout | undefined
  const tell = () => inTurn(() => takeWrites(socket, open))
  return {
    isOpen: () => open,
    async open() {
      open = true
      await say()
      saying = setInterval(() => void say().catch(() => {}), SAY)
      await tell()
    },
    async close(failed) {
      open = false
      clearInterval(saying)
      for (;;) {
        try {
          await tell()
          await rm(file, { force: true })
          return
        } catch (error) {
          if (!(await listens(socket))) return await rm(file, { force: true })
          failed(error)
          await sleep(PAUSE)
        }
      }
    },
    async confirm() {
      await tell()
      await inTurn(() => trustAnew(socket, open))
    },
    found: (baseDN) =>
      inTurn(async () => {
        await takeWrites(socket, true)
        try {
          await begin(socket, baseDN)
        } finally {
          await takeWrites(socket, open)
        }
      }),
  }
}
