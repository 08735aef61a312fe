import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { type Browser, chromium } from 'playwright-core'
import { unpackedDebian } from '../debian/root.ts'

const DEBIAN = {
  name: 'browser',
  suite: 'trixie',
  packages: [
    ...['chromium', 'fonts-cantarell', 'fonts-dejavu-core', 'fonts-liberation'],
    // What a browser looks at where there is no pod.
    ...['tigervnc-standalone-server', 'xterm', 'xsel'],
  ],
}

const INSIDE = join(import.meta.dirname, 'inside.sh')

/** Flags with which it asks nobody but the page: what it does by itself would go out into the world. */
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]

/**
 * A headless Chromium in which `host` is a port of 127.0.0.1, as if DNS said so, and which trusts the certificate that
 * is served there, as a machine of the room does: nothing is kept of a site whose certificate is only let pass. Needs
 * root, and Debian's mirror the first time. Whoever launches it closes it.
 *
 * @param also other hosts, and the port of each
 */
export async function launchBrowser(
  host: string,
  port: number,
  progress: (line: string) => void = () => {},
  also: Readonly<Record<string, number>> = {},
): Promise<Browser> {
  const root = await unpackedDebian(DEBIAN, progress)
  const sites = Object.entries({ ...also, [host]: port })
  const rules = sites.map(([name, where]) => `MAP ${name} 127.0.0.1:${where}, `).join('')
  const keys = await Promise.all(sites.map(([name, where]) => keyServed(name, where)))
  return chromium.launch({
    executablePath: INSIDE,
    args: [
      ...QUIET,
      `--host-resolver-rules=${rules}MAP * ~NOTFOUND`,
      `--ignore-certificate-errors-spki-list=${keys.join(',')}`,
    ],
    env: environment(root, 'chromium'),
    chromiumSandbox: false,
  })
}

/** A way that was only just opened may not lead anywhere yet. */
const PATIENCE = 30_000

/** The key of the certificate that is served for `host`, as Chromium names keys: SHA-256 in base64. */
async function keyServed(host: string, port: number): Promise<string> {
  for (const since = performance.now(); ; await sleep(250)) {
    const socket = connect({ host: '127.0.0.1', port, servername: host, rejectUnauthorized: false })
    try {
      await once(socket, 'secureConnect')
      const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
      if (!key) throw new Error('the connection shows no certificate')
      return createHash('sha256').update(key).digest('base64')
    } catch (error) {
      if (performance.now() - since > PATIENCE)
        throw new Error(`nobody serves ${host} at port ${port}`, { cause: error })
    } finally {
      socket.destroy()
    }
  }
}

/** Starts another program of the browser's Debian; the machine's `/tmp` is its own. Whoever starts it ends it. */
export async function startBeside(
  program: string,
  args: readonly string[],
  { env, ...options }: SpawnOptions = {},
): Promise<ChildProcess> {
  const root = await unpackedDebian(DEBIAN)
  return spawn(INSIDE, args, { ...options, env: { ...environment(root, program), ...env } })
}

const environment = (root: string, program: string) => ({
  PATH: process.env.PATH ?? '',
  DEBIAN_ROOT: root,
  DEBIAN_PROGRAM: program,
})
