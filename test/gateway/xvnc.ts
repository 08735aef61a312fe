import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real Xvnc with a few real X programs, on a unix socket, as the pod of a desktop has one. */
export interface Xvnc {
  readonly socket: string
  end(): void
}

/** Whether this machine has it: Debian's tigervnc-standalone-server. */
export const hasXvnc = (): boolean => existsSync('/usr/bin/Xvnc')

export async function startXvnc(
  display: number,
  programs: readonly (readonly string[])[] = [],
): Promise<Xvnc> {
  const dir = mkdtempSync(join(tmpdir(), 'deskfleet-xvnc-'))
  const socket = join(dir, 'rfb.sock')
  const children: ChildProcess[] = []
  const run = (command: string, args: readonly string[]) => {
    const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, DISPLAY: `:${display}` } })
    child.on('error', () => {})
    children.push(child)
  }
  run('Xvnc', [
    `:${display}`,
    '-rfbunixpath',
    socket,
    '-rfbunixmode',
    '0600',
    '-rfbport',
    '-1',
    '-SecurityTypes',
    'None',
    '-nolisten',
    'tcp',
    '-AlwaysShared',
    '-AcceptSetDesktopSize',
    '-geometry',
    '1280x800',
    '-depth',
    '24',
  ])
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries > 100) throw new Error('Xvnc does not start')
    await new Promise((done) => setTimeout(done, 50))
  }
  for (const [command = '', ...args] of programs) run(command, args)
  return {
    socket,
    end() {
      for (const child of children.toReversed()) child.kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
