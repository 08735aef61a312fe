import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Client } from 'ldapts'
import { NODE_FLAGS } from '../../charts/kit/pods.ts'
import { LDAP, NAMESPACES } from '../../config/names.ts'
import type { BareLab } from '../../lab/bare/bare.ts'
import { applyFolder } from '../../lab/manifests/apply.ts'
import { renderWith } from '../../lab/manifests/render.ts'
import { freePorts } from '../../lab/network/ports.ts'
import { type Line, lineTo } from '../webhook/cut.ts'
import { must } from './lab.ts'
import type { OwnSlapd } from './slapd.ts'
import { type Replicas, slapdReplicas } from './slapd-replicas.ts'

const root = join(import.meta.dirname, '..', '..')

/** Three servers, each with its program beside it, as in a cluster: they agree through the API server of a lab. */
export interface Programs extends Replicas {
  at(ordinal: number): OwnSlapd
  /** Cuts a server with its program off from the others and from the API server, or mends that. */
  isolate(ordinal: number): void
  rejoin(ordinal: number): void
  /** Ends the program of that server. */
  stop(ordinal: number, signal?: NodeJS.Signals): Promise<void>
  start(ordinal: number): Promise<void>
  /** Why nobody should read there, as it says itself; '' when they may. */
  lacks(ordinal: number): Promise<string>
  /** Whether slapd itself takes writes; false when it does not run. */
  writes(ordinal: number): Promise<boolean>
  /** To which pod the writer's Service leads. */
  leadsTo(): Promise<string>
}

/** What of `dist/` with three servers they need: their account, its rights, and that there are several of them. */
export async function furnish(lab: BareLab): Promise<void> {
  const dist = join(lab.dir, 'dist-three')
  renderWith(JSON.stringify({ ldap: { replicas: 3 } }), dist)
  const complaints = [
    ...(await applyFolder(lab, join(dist, 'namespaces'))),
    ...(await applyFolder(lab, join(dist, 'directory'))),
  ]
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
}

export async function replicaPrograms(lab: BareLab): Promise<Programs> {
  const kubeconfig = await lab.actAs(NAMESPACES.directory, LDAP.service)
  const replicas = await slapdReplicas(3, undefined)
  const healths = await freePorts(3)
  const lines: Line[] = []
  for (const _ of replicas.servers) lines.push(await lineTo(Number(new URL(lab.server).port)))
  const running = new Map<number, ChildProcess>()
  const at = (ordinal: number): OwnSlapd => {
    const server = replicas.servers[ordinal]
    if (!server) throw new Error(`there is no server ${ordinal}`)
    return server
  }
  const start = async (ordinal: number): Promise<void> => {
    const { ldap, dir } = at(ordinal)
    const own = join(dir, 'kubeconfig')
    const server = `https://127.0.0.1:${lines[ordinal]?.port}`
    writeFileSync(own, readFileSync(kubeconfig, 'utf8').replaceAll(lab.server, server), { mode: 0o600 })
    const log = openSync(join(dir, 'replica.log'), 'a')
    const child = spawn(process.execPath, [...NODE_FLAGS, 'directory/replica/main.ts'], {
      cwd: root,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        KUBECONFIG: own,
        DESKFLEET_METRICS_LISTEN: `127.0.0.1:${healths[ordinal]}`,
        DESKFLEET_LDAP_URL: ldap.url,
        DESKFLEET_LDAP_BASE_DN: ldap.baseDN,
        DESKFLEET_LDAP_BIND_DN: ldap.replicaDN,
        DESKFLEET_LDAP_PASSWORD_FILE: ldap.replicaPasswordFile,
        DESKFLEET_LDAP_CA_FILE: ldap.caFile,
        DESKFLEET_LDAP_SERVERS: replicas.as(ordinal).peers.join(' '),
        DESKFLEET_LDAP_SOCKET: ldap.socket,
        POD_NAME: `ldap-${ordinal}`,
        POD_UID: `uid-${ordinal}`,
        POD_IP: `10.0.0.${ordinal + 1}`,
      },
    })
    await once(child, 'spawn')
    running.set(ordinal, child)
  }
  const stop = async (ordinal: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const child = running.get(ordinal)
    running.delete(ordinal)
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  for (const ordinal of replicas.servers.keys()) await start(ordinal)
  return {
    ...replicas,
    at,
    start,
    stop,
    isolate(ordinal) {
      replicas.cut(ordinal)
      lines[ordinal]?.cut()
    },
    rejoin(ordinal) {
      lines[ordinal]?.mend()
      replicas.mend(ordinal)
    },
    async lacks(ordinal) {
      const answer = await fetch(`http://127.0.0.1:${healths[ordinal]}/readyz`)
      return answer.status === 200 ? '' : await answer.text()
    },
    writes: (ordinal) => takesWrites(at(ordinal)),
    async leadsTo() {
      const path = 'jsonpath={.endpoints[0].targetRef.name}'
      return await must(lab, ['-n', NAMESPACES.directory, 'get', 'endpointslice', LDAP.writer, '-o', path])
    },
    async down() {
      for (const ordinal of [...running.keys()]) await stop(ordinal, 'SIGKILL')
      for (const line of lines) line.end()
      await replicas.down()
    },
  }
}

async function takesWrites({ ldap }: OwnSlapd): Promise<boolean> {
  const client = new Client({ url: 'ldap://localhost', createConnection: () => connect(ldap.socket) })
  try {
    await client.bind('EXTERNAL')
    const { searchEntries } = await client.search('olcDatabase={1}mdb,cn=config', { scope: 'base' })
    return searchEntries[0]?.olcMultiProvider === 'TRUE'
  } catch {
    return false
  } finally {
    await client.unbind().catch(() => {})
  }
}
