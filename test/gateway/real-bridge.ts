import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { makeScreen } from '../../bridge/screen.ts'
import { bridgeServer } from '../../bridge/serve.ts'
import { type Standing, stateOf } from '../../bridge/state.ts'
import { desktopName, NAMESPACES } from '../../config/names.ts'

/** The bridge itself, as it serves in a pod, for a desktop of the lab: its server, screen, files and state. */
export interface RealBridge {
  readonly port: () => number
  readonly home: string
  readonly said: string[]
  viewers(): number
  /** Ends as its pod does, at once, and begins anew with the secrets that the cluster has now. */
  restart(): Promise<void>
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
  const begin = async () => {
    const { data = {} } = await core.readNamespacedSecret({
      namespace: NAMESPACES.desktops,
      name: desktopName(slug),
    })
    const secret = (key: string) => Buffer.from(data[key] ?? '', 'base64')
    const standing: Standing = {
      phase: 'ready',
      reason: undefined,
      home: true,
      generation: 1,
      startedAt: new Date(),
      lastInput: new Date(),
      lastInputAt: performance.now(),
    }
    const onInput = () => {
      standing.lastInput = new Date()
      standing.lastInputAt = performance.now()
    }
    const screen = makeScreen({ socket: xvnc, onInput, log: () => {} })
    viewers = () => screen.viewers()
    const made = bridgeServer({
      certificate: secret('tls.crt'),
      key: secret('tls.key'),
      token: secret('token').toString(),
      home,
      largestFile: 2 ** 30,
      screen,
      state: () => stateOf(standing, screen.viewers(), '0', performance.now()),
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
    async restart() {
      stop()
      await begin()
    },
    end() {
      stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
