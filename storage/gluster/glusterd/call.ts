import { bounded } from '../../bounded.ts'
import { type Element, readXml } from './xml.ts'

/** What came of one call of Gluster's command line. */
export type Answer =
  /** `volume heal V` alone has no XML to show for it. */
  | { readonly is: 'done'; readonly output: Element | undefined }
  /** It was not done, and Gluster says why. */
  | { readonly is: 'refused'; readonly why: string }
  /** Another change is under way: the same may be asked again. */
  | { readonly is: 'busy'; readonly why: string }
  /** No answer in time, or none that can be read: it may have been done, or be done yet. */
  | { readonly is: 'lost'; readonly why: string }

/** Asks the glusterd of this PC, once; never rejects, and never takes much longer than that many seconds. */
export type Gluster = (args: readonly string[], seconds: number) => Promise<Answer>

/** @param way what leads to the program, for a lab; nothing where it is on this PC. */
export function glusterCommand(way: readonly string[] = []): Gluster {
  return async (args, seconds) => {
    const [program = '', ...rest] = [...way, 'gluster', '--mode=script', '--xml', `--timeout=${seconds}`]
    // Its own limit covers glusterd's answer alone, not a connection that is not made.
    const { code, stdout, stderr } = await bounded(program, [...rest, ...args], (seconds + 2) * 1000)
    if (code === undefined) return { is: 'lost', why: `no answer to \`${args.join(' ')}\` in ${seconds} s` }
    return answerOf(code, stdout, stderr)
  }
}

/** What its output means. Some refusals come as XML, others as plain text with a bad exit code. */
export function answerOf(code: number, stdout: string, stderr: string): Answer {
  const plain = `${stderr}\n${stdout}`.trim()
  if (!stdout.startsWith('<?xml')) return code === 0 ? { is: 'done', output: undefined } : refusal(plain)
  try {
    const output = readXml(stdout, 'cliOutput')
    if (output.text('opRet') === '0') return { is: 'done', output }
    return refusal(output.text('opErrstr') || plain)
  } catch (error) {
    return { is: 'lost', why: `its answer cannot be read: ${error instanceof Error ? error.message : error}` }
  }
}

/** Words of glusterd 11 that say that another change holds the volume, or all. */
const BUSY = /another transaction is in progress|locking failed/i
/** Words that say that it did not hear the end of what it asked others. */
const LOST = /request timed out|connection failed|failed to get response|error : success/i

function refusal(said: string): Answer {
  const why = said.replaceAll(/\s+/g, ' ').trim()
  if (BUSY.test(why)) return { is: 'busy', why }
  return { is: LOST.test(why) || why === '' ? 'lost' : 'refused', why: why || 'it failed without a word' }
}
