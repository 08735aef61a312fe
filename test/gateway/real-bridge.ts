import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { makeScreen } from '../../bridge/screen.ts'
import { bridgeServer } from '../../bridge/serve.ts'
import { keepStanding, stateOf } from '../../bridge/state.ts'
import type { Notice } from '../../config/desktop-troubles.ts'
import { DESKTOP, desktopName, NAMESPACES } from '../../config/names.ts'
import { screenPixels } from '../../config/screen-size.ts'
import { systemClock } from '../../service/clock.ts'

/** A Secret's data, in base64. */
export type SecretData = Readonly<Record<string, string>>

/** The bridge itself, as it serves in a pod, for a desktop of the lab: its server, screen, files and state. */
export interface RealBridge {
  readonly port: () => number
  readonly home: string
  readonly said: string[]
  viewers(): number
  /** Says that its person is to know this; until it begins anew. */
  notice(notices: readonly Notice[]): void
  /** Ends as its pod does, at once, and begins anew with the secrets that the cluster has now, or with others. */
  restart(data?: SecretData): Promise<void>
  end(): void
}

export async function realBridge(kubeConfig: KubeConfig, slug: string, xvnc: string): Promise<RealBridge> {
  const core = kubeConfig.makeApiClient(CoreV1Api)
  const home = mkdtempSync(join(tmpdir(), 'deskfleet-home-'))
  mkdirSync(join(home, 'Documents'))
  writeFileSync(join(home, 'hello.txt'), 'hello\n')
  const said: string[] = []
  let server: Server | undefined
  let viewers = () => 0
  let notice: RealBridge['notice'] = () => {}
  const begin = async (given?: SecretData) => {
    const place = { namespace: NAMESPACES.desktops, name: desktopName(slug) }
    const data = given ?? (await core.readNamespacedSecret(place)).data ?? {}
    const secret = (key: string) => Buffer.from(data[key] ?? '', 'base64')
    const standing = keepStanding(systemClock, () => {})
    standing.foundHome()
    standing.wonHome(1)
    standing.phase('ready')
    notice = standing.places
    const { onInput } = standing
    const screen = makeScreen({ socket: xvnc, pixels: screenPixels('2Gi'), onInput, log: () => {} })
    viewers = () => screen.viewers()
    const made = bridgeServer({
      certificate: secret('tls.crt'),
      key: secret('tls.key'),
      token: secret('token').toString(),
      gatewayAuthorities: secret(DESKTOP.gatewayAuthorities).toString(),
      home,
      largestFile: 2 ** 30,
      screen,
      state: () => stateOf(standing.now(), screen.viewers(), '0', performance.now()),
      keep: onInput,
      message: async (text) => void said.push(text),
      log: () => {},
    })
    server = made
    await new Promise<void>((done) => made.listen(0, '127.0.0.1', done))
  }
  const stop = () => {
    server?.close()
    server?.closeAllConnections()
  }
  await begin()
  return {
    port() {
      const address = server?.address()
      return typeof address === 'object' && address ? address.port : 0
    },
    home,
    said,
    viewers: () => viewers(),
    notice: (notices) => notice(notices),
    async restart(data) {
      stop()
      await begin(data)
    },
    end() {
      stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
