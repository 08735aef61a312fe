import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { CoreV1Api } from '@kubernetes/client-node'
import pino from 'pino'
import { keepCertificate } from '../../../certificates/keep.ts'
import { readKept } from '../../../certificates/read.ts'
import { AUTHORITY, NAMESPACES } from '../../../config/names.ts'
import { LIMITS } from '../../../gateway/listen/limits.ts'
import { systemClock } from '../../../service/clock.ts'
import { openConnections } from '../../../service/connections.ts'
import { serveHttps } from '../../../service/https.ts'
import { eventually } from '../../harness/wait.ts'

const LOOK = 100

export interface Visitors {
  failures(): readonly string[]
  /** Resolves when some more have come. */
  more(): Promise<void>
  end(): Promise<void>
}

/** A server in the gateway's place, served as the gateway is, and people who come to it by TLS and trust that root alone. */
export async function steadyVisitors(core: CoreV1Api, host: string, root: string): Promise<Visitors> {
  const ending = new AbortController()
  const hold = () => readKept(core, { namespace: NAMESPACES.system, name: AUTHORITY.gatewaySecret })
  const certificate = await keepCertificate(
    {
      hold,
      isSame: (before, after) => before.certificate === after.certificate,
      every: LOOK,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    },
    ending.signal,
  )
  const serving = await serveHttps({
    listen: { host: '127.0.0.1', port: 0 },
    certificate: certificate.current(),
    limits: LIMITS,
    connections: openConnections({ most: 100, perAddress: 100, perKnown: 0 }),
    request: (_, answer) => void answer.end(),
  })
  const following = certificate.follow(serving.renew, ending.signal)
  const failures: string[] = []
  let came = 0
  const visit = () =>
    new Promise<void>((done) => {
      const socket = connect({ host: '127.0.0.1', port: serving.port, servername: host, ca: root }, () => {
        socket.destroy()
        done()
      })
      socket.once('error', (error) => {
        failures.push(error.message)
        done()
      })
    })
  const visiting = (async () => {
    for (; !ending.signal.aborted; came++) {
      await visit()
      await sleep(5)
    }
  })()
  return {
    failures: () => failures,
    async more() {
      const before = came
      await eventually('some more came', () => came > before + 20)
    },
    async end() {
      ending.abort()
      await Promise.all([visiting, following])
      await serving.drain(Promise.resolve(), Promise.resolve())
    },
  }
}
