import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PASSING } from '../../bridge/session/plan.ts'
import { startBeside } from '../../lab/browser/browser.ts'
import { end, identify } from '../../lab/run/processes.ts'

/** A real Xvnc with a few real X programs, on a unix socket, as the pod of a desktop has one. */
export interface Xvnc {
  readonly socket: string
  /** Copies a text on the desktop, as a program of it does; or only marks it. */
  copy(text: string, how?: 'marked'): Promise<void>
  /** What would be pasted on the desktop; or what is marked there. */
  pasted(how?: 'marked'): Promise<string>
  end(): Promise<void>
}

const OPTIONS = [
  ...['-rfbunixmode', '0600', '-rfbport', '-1', '-SecurityTypes', 'None', '-nolisten', 'tcp'],
  ...['-AlwaysShared', ...PASSING, '-geometry', '1280x800', '-depth', '24'],
]

const selection = (how: 'marked' | undefined): string => (how === 'marked' ? '--primary' : '--clipboard')

/** Starts it on a display of its own choice. */
export async function startXvnc(programs: readonly (readonly string[])[] = []): Promise<Xvnc> {
  const dir = mkdtempSync(join(tmpdir(), 'deskfleet-xvnc-'))
  const socket = join(dir, 'rfb.sock')
  const xvnc = await startBeside('Xvnc', ['-displayfd', '3', '-rfbunixpath', socket, ...OPTIONS], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const children: ChildProcess[] = [xvnc]
  const told = xvnc.stdio[3]
  if (!told) throw new Error('no pipe to Xvnc')
  const [display] = await Promise.race([
    once(told, 'data'),
    once(xvnc, 'exit').then(() => {
      throw new Error('Xvnc does not start')
    }),
  ])
  const env = { DISPLAY: `:${String(display).trim()}` }
  for (const [command = '', ...args] of programs) {
    const child = await startBeside(command, args, { stdio: 'ignore', env })
    child.on('error', () => {})
    children.push(child)
  }
  return {
    socket,
    async copy(content, how) {
      const xsel = await startBeside('xsel', [selection(how), '--input'], {
        stdio: ['pipe', 'ignore', 'ignore'],
        env,
      })
      xsel.stdin?.end(content)
      await once(xsel, 'close')
    },
    async pasted(how) {
      const xsel = await startBeside('xsel', [selection(how), '--output'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env,
      })
      return xsel.stdout ? text(xsel.stdout) : ''
    },
    async end() {
      // A signal that comes while it starts anew after its last program can be lost on it.
      await end(children.flatMap(({ pid }) => (pid === undefined ? [] : (identify(pid) ?? []))))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
