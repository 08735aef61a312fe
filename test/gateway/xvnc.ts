import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { startBeside } from '../../lab/browser/browser.ts'

/** A real Xvnc with a few real X programs, on a unix socket, as the pod of a desktop has one. */
export interface Xvnc {
  readonly socket: string
  /** Copies a text on the desktop, as a program of it does. */
  copy(text: string): Promise<void>
  /** What would be pasted on the desktop. */
  pasted(): Promise<string>
  end(): void
}

const OPTIONS = [
  ...['-rfbunixmode', '0600', '-rfbport', '-1', '-SecurityTypes', 'None', '-nolisten', 'tcp'],
  ...['-AlwaysShared', '-AcceptSetDesktopSize', '-geometry', '1280x800', '-depth', '24'],
]

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
    async copy(content) {
      const xsel = await startBeside('xsel', ['--clipboard', '--input'], {
        stdio: ['pipe', 'ignore', 'ignore'],
        env,
      })
      xsel.stdin?.end(content)
      await once(xsel, 'close')
    },
    async pasted() {
      const xsel = await startBeside('xsel', ['--clipboard', '--output'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env,
      })
      return xsel.stdout ? text(xsel.stdout) : ''
    },
    end() {
      for (const child of children.toReversed()) child.kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
