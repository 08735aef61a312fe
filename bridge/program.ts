import { existsSync, readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { DESKTOP, SCREEN_CLOSED } from '../config/names.ts'
import type { ProgramContext } from '../service/program.ts'
import { turns } from '../service/turns.ts'
import { liveDesktop } from './live.ts'
import { makeScreen } from './screen.ts'
import { bridgeServer, trust } from './serve.ts'
import { placesIn } from './session/plan.ts'
import type { Settings } from './settings.ts'
import { keepStanding, stateOf } from './state.ts'

const { version }: { version: string } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'),
)

/**
 * Checks that the home is the person's, waits until no other pod has it, runs XFCE in it, and lets the gateway look.
 * Resolves with the exit code.
 */
export async function startBridge(context: ProgramContext<Settings>): Promise<number> {
  const { settings, log, clock, closing, signal } = context
  const standing = keepStanding(clock, (phase, reason) => log.info({ phase, reason }, 'desktop'))
  const warn = (text: string): void => log.warn(text)
  const socket = placesIn(settings.run).screen
  const pixels = settings.screenPixels
  const screen = makeScreen({ socket, pixels, onInput: standing.onInput, log: warn })
  const desktop = liveDesktop({ settings, log, clock, standing, screen })
  const { home, largestFile } = settings
  const secrets = secretsIn(settings.secrets)
  const server = bridgeServer({
    ...secrets,
    home,
    largestFile,
    screen,
    state: () => stateOf(standing.now(), screen.viewers(), version, clock.now()),
    keep: standing.onInput,
    message: desktop.message,
    log: warn,
  })
  await listening(server, settings.port, log)
  closing.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  followAuthorities(context, secrets.gatewayAuthorities, (authorities) => trust(server, secrets, authorities))
  const over = desktop.begin()
  signal.addEventListener('abort', () => {
    screen.close(SCREEN_CLOSED.stopping, 'the desktop is being stopped')
    void desktop.stop()
  })
  return await over
}

/** Ms between looks at what vouches for the gateway; the kubelet renews the file a minute after the Secret. */
const LOOK = 10_000

/** The gateway's authority may become another while the desktop runs. */
function followAuthorities(
  { settings, log, clock, signal }: ProgramContext<Settings>,
  first: string,
  changed: (authorities: string) => void,
): void {
  let known = first
  const rhythm = {
    rest: () => LOOK,
    failed: (error: unknown) => log.warn({ error }, 'what vouches for the gateway cannot be read'),
  }
  void turns(clock, rhythm, signal, async () => {
    const now = authoritiesIn(settings.secrets)
    if (now === known) return
    changed(now)
    known = now
    log.info('the gateway is known by other authorities')
  })
}

/** @throws where the pod has none: without it nobody could be told from the gateway. */
function authoritiesIn(folder: string): string {
  const file = join(folder, DESKTOP.gatewayAuthorities)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (text.trim() !== '') return text
  throw new Error(
    `${file} is missing or empty: an older gateway started this desktop; stop it, and start it again`,
  )
}

interface Secrets {
  readonly certificate: Buffer
  readonly key: Buffer
  readonly token: string
  readonly gatewayAuthorities: string
}

function secretsIn(folder: string): Secrets {
  const secret = (name: string): Buffer => readFileSync(join(folder, name))
  const token = secret('token').toString().trim()
  if (token.length < 32) throw new Error(`the token in ${folder} is shorter than 32 characters`)
  return {
    certificate: secret('tls.crt'),
    key: secret('tls.key'),
    token,
    gatewayAuthorities: authoritiesIn(folder),
  }
}

async function listening(server: Server, port: number, log: Logger): Promise<void> {
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(port, done)
  })
  server.on('error', (error) => log.warn(error.message))
}
