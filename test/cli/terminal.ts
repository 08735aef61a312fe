import { PassThrough } from 'node:stream'
import type { Terminal } from '../../cli/terminal.ts'

/** A terminal whose output is kept. */
export function keptTerminal() {
  const said = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text
      return true
    },
  })
  const stdin = new PassThrough()
  const terminal = { stdin, stdout: stream('stdout'), stderr: stream('stderr') } as unknown as Terminal
  return { terminal, said, stdin }
}
