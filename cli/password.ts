import { StringDecoder } from 'node:string_decoder'
import { UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/**
 * The password for somebody, never from the command line: the whole of stdin, or typed twice on a terminal without
 * being shown.
 *
 * @returns undefined where there is neither.
 */
export async function askPassword(
  terminal: Terminal,
  fromStdin: boolean,
  login: string,
): Promise<string | undefined> {
  if (fromStdin) {
    const chunks: Buffer[] = []
    for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
      .toString('utf8')
      .replace(/\r?\n$/, '')
  }
  if (!terminal.stdin.isTTY) return undefined
  const password = await typed(terminal, `New password for ${login}: `)
  if (password === (await typed(terminal, 'The same again: '))) return password
  throw new UsageError('the two passwords differ: run the command again')
}

const ENTER = new Set(['\r', '\n'])
const GIVE_UP = new Set(['\u0003', '\u0004'])
const ERASE = new Set(['\u007f', '\b'])

/** One line from the keyboard, nothing of it shown. */
export function typed({ stdin, stderr }: Terminal, prompt: string): Promise<string> {
  stderr.write(prompt)
  stdin.setRawMode(true)
  stdin.resume()
  return new Promise((done, fail) => {
    let line = ''
    const decoder = new StringDecoder('utf8')
    const finish = (settle: () => void): void => {
      stdin.off('data', listen)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      settle()
    }
    const listen = (chunk: Buffer): void => {
      for (const key of decoder.write(chunk)) {
        if (ENTER.has(key)) finish(() => done(line))
        else if (GIVE_UP.has(key)) finish(() => fail(new UsageError('nothing was changed')))
        else line = ERASE.has(key) ? [...line].slice(0, -1).join('') : line + key
      }
    }
    stdin.on('data', listen)
  })
}
