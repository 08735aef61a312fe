import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectUnix } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { DESKTOP, GATEWAY_CALLER } from '../../config/names.ts'
import { issue, type KeyPair, makeAuthority } from '../bare/certificates.ts'
import type { LoneMachine } from '../machine/alone.ts'
import type { Machine } from '../machine/machine.ts'
import { startProcess } from '../run/run.ts'
import { container, type DeskOptions, type DesktopContainer, startContainer } from './container.ts'
import { type DesktopAddress, type Viewer, view } from './viewer.ts'

export interface Answer {
  readonly status: number
  readonly body: string
  readonly json: Record<string, unknown>
}

export interface Desk extends DesktopContainer {
  readonly address: DesktopAddress
  view(token?: string): Promise<Viewer>
  /** An HTTPS request to the bridge; with its token unless another is given. */
  ask(
    method: string,
    path: string,
    options?: { readonly token?: string; readonly body?: string | Buffer },
  ): Promise<Answer>
  /** Waits until the bridge says `phase`; throws with what it said last. */
  becomes(phase: string, milliseconds?: number): Promise<void>
}

/** Starts the desktop `name` as a container whose bridge listens on `port`; resolves when it can be dialled. */
export async function startDesk(
  { dir, machine }: LoneMachine,
  name: string,
  port: number,
  options: DeskOptions,
): Promise<Desk> {
  const { authority, caller, token } = await makeKeys(machine, name)
  await startContainer(machine, name, port, options)
  const socket = join(machine.share, `${name}.sock`)
  await openWay(dir, machine, name, socket, port)
  const connect = (): TLSSocket =>
    connectTls({
      socket: connectUnix(socket),
      ca: authority,
      servername: 'desktop',
      cert: caller.certificate,
      key: caller.key,
    })
  const ask = asker(connect, token)
  const address: DesktopAddress = { url: 'https://desktop', token, connect }
  return {
    address,
    view: (other = token) => view({ ...address, token: other }),
    ask,
    becomes: (phase, milliseconds) => becomes(ask, phase, milliseconds),
    ...container(machine, name),
  }
}

/** What the Secret of a desktop holds, and by what the gateway is known to it; here one authority stands for both. */
async function makeKeys(
  machine: Machine,
  name: string,
): Promise<{ authority: string; caller: KeyPair; token: string }> {
  const keys = join(machine.share, `keys-${name}`)
  mkdirSync(keys)
  const authority = await makeAuthority(name)
  const pair = await issue(authority, { name: 'desktop', hosts: ['desktop'] })
  const caller = await issue(authority, { name: GATEWAY_CALLER, hosts: [GATEWAY_CALLER] })
  const token = randomBytes(32).toString('hex')
  const files = {
    'tls.crt': pair.certificate,
    'tls.key': pair.key,
    token,
    [DESKTOP.gatewayAuthorities]: authority.certificate,
  }
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(keys, file), content, { mode: 0o444 })
  }
  return { authority: authority.certificate, caller, token }
}

/** Leads from a unix socket on the host to the bridge's port in the machine's network. */
async function openWay(
  dir: string,
  machine: Machine,
  name: string,
  socket: string,
  port: number,
): Promise<void> {
  const script = join(import.meta.dirname, '..', 'network', 'relay.ts')
  const relay = [process.execPath, script, `unix:${socket}`, `tcp:127.0.0.1:${port}`]
  await startProcess(dir, `way-${name}`, 'nsenter', [...machine.network, ...relay], {
    becomes: 'node',
    guest: true,
  })
  while (!existsSync(socket)) await sleep(10)
}

const asker =
  (connect: () => TLSSocket, own: string): Desk['ask'] =>
  (method, path, { token = own, body } = {}) =>
    new Promise((done, fail) => {
      const headers = {
        ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      }
      const asked = request(
        { method, path, host: 'desktop', headers, createConnection: connect },
        (response) => {
          text(response).then(
            (said) => done({ status: response.statusCode ?? 0, body: said, json: parsed(said) }),
            fail,
          )
        },
      )
      asked.once('error', fail)
      asked.end(body)
    })

async function becomes(ask: Desk['ask'], phase: string, milliseconds = 60_000): Promise<void> {
  const end = performance.now() + milliseconds
  for (let last = ''; ; ) {
    const state = await ask('GET', '/state').catch((error: Error) => ({ body: error.message, json: {} }))
    if ('phase' in state.json && state.json.phase === phase) return
    last = state.body
    if (performance.now() > end) throw new Error(`it does not become ${phase}: ${last}`)
    await sleep(20)
  }
}

function parsed(said: string): Record<string, unknown> {
  try {
    return JSON.parse(said)
  } catch {
    return {}
  }
}
