import { randomBytes } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { slapdFiles } from '../../charts/slapd.ts'
import { packageTree, SLAPD } from '../debian/packages.ts'
import { freePorts } from '../network/ports.ts'
import { issue, makeAuthority } from './certificates.ts'

/** A running slapd of the lab, and what one needs to talk to it. Passwords are in files of mode 0600. */
export interface LabLdap {
  /** `ldaps://127.0.0.1:PORT` */
  readonly url: string
  readonly caFile: string
  readonly baseDN: string
  readonly adminDN: string
  readonly adminPasswordFile: string
  readonly readerDN: string
  readonly readerPasswordFile: string
}

/** The same, with what its like and its own programs need of it. */
export interface LdapServer extends LabLdap {
  readonly replicaDN: string
  readonly replicaPasswordFile: string
  /** Path of the socket on which slapd takes whoever runs as it for its root. */
  readonly socket: string
}

/** What of a lab is needed here: a folder, and somebody who starts, records and one day ends processes. */
export interface LdapHost {
  readonly dir: string
  start(
    id: string,
    command: string,
    args: readonly string[],
    options?: {
      readonly env?: Record<string, string>
      readonly cwd?: string
      readonly uid?: number
      readonly gid?: number
      /** The file name of the executable that the process turns into: `start` ends by becoming slapd. */
      readonly becomes?: string
    },
  ): Promise<number>
}

/** What makes one server of several that hold the same people. */
export interface LdapReplica {
  readonly ordinal: number
  /** Where this server finds each of them, in the order of their ordinals. */
  readonly peers: readonly string[]
  /** Whether it takes writes from its start. @default when it is told so on its socket */
  readonly writes?: boolean
  /** The folder of another one, whose authority and passwords it shares. */
  readonly like?: string
}

/** The process's name in the lab: `lab.stop(LDAP_PROCESS, 'SIGKILL')` is a crash of the directory. */
export const LDAP_PROCESS = 'slapd'

/**
 * Starts a real slapd 2.6 on loopback from the very files and script of the chart, with its own certificate
 * authority and random passwords. Its data is in `<dir>/ldap`; what is there already is kept, so that the same call
 * after a crash brings the same directory back, at the same address.
 *
 * @throws when slapd does not answer within 15 s; the message ends with its log.
 */
export async function startLdap(
  lab: LdapHost,
  options: {
    readonly baseDN: string
    readonly progress?: (line: string) => void
    readonly replica?: LdapReplica
  },
): Promise<LdapServer> {
  const tree = await packageTree(SLAPD, options.progress)
  const at = places(join(lab.dir, 'ldap'))
  const { replica } = options
  if (replica?.like !== undefined && !existsSync(at.ca)) share(places(join(replica.like, 'ldap')), at)
  await layDown(at, options.baseDN)
  const port = await portOf(at.port)
  const env = {
    PATH: `${tree.bin}:${process.env.PATH}`,
    SLAPD_FILES: at.files,
    TLS_DIR: at.tls,
    SLAPD_TLS_LOOK: '1',
    ADMIN_PASSWORD_FILE: at.admin,
    READER_PASSWORD_FILE: at.reader,
    REPLICA_PASSWORD_FILE: at.replica,
    DATA_DIR: at.data,
    RUN_DIR: at.run,
    MODULE_DIR: join(tree.root, 'usr/lib/ldap'),
    SCHEMA_DIR: join(tree.root, 'etc/ldap/schema'),
    SLAPD_LISTEN: `ldaps://127.0.0.1:${port} ldapi://${encodeURIComponent(join(at.run, 'ldapi'))}`,
    ...(replica && {
      SLAPD_PEERS: replica.peers.join(' '),
      SLAPD_ORDINAL: String(replica.ordinal),
      SLAPD_WRITES: replica.writes === true ? 'TRUE' : 'FALSE',
    }),
  }
  await lab.start(LDAP_PROCESS, '/bin/sh', [join(at.files, 'start')], { env, becomes: tree.becomes })
  await answering(port, at.ca, join(lab.dir, `${LDAP_PROCESS}.log`))
  options.progress?.(`slapd answers at ldaps://127.0.0.1:${port}`)
  return {
    url: `ldaps://127.0.0.1:${port}`,
    caFile: at.ca,
    baseDN: options.baseDN,
    adminDN: `cn=admin,${options.baseDN}`,
    adminPasswordFile: at.admin,
    readerDN: `cn=reader,${options.baseDN}`,
    readerPasswordFile: at.reader,
    replicaDN: `cn=replica,${options.baseDN}`,
    replicaPasswordFile: at.replica,
    socket: join(at.run, 'ldapi'),
  }
}

type Places = ReturnType<typeof places>

const places = (dir: string) => ({
  files: join(dir, 'files'),
  tls: join(dir, 'tls'),
  ca: join(dir, 'tls', 'ca.crt'),
  authorityKey: join(dir, 'tls', 'ca.key'),
  admin: join(dir, 'secrets', 'admin'),
  reader: join(dir, 'secrets', 'reader'),
  replica: join(dir, 'secrets', 'replica'),
  data: join(dir, 'data'),
  run: join(dir, 'run'),
  port: join(dir, 'port'),
})

function share(from: Places, to: Places): void {
  for (const folder of [(at: Places) => at.tls, (at: Places) => dirname(at.admin)])
    cpSync(folder(from), folder(to), { recursive: true })
}

async function layDown(at: Places, baseDN: string): Promise<void> {
  for (const dir of [at.files, at.tls, dirname(at.admin), at.data, at.run]) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }
  for (const [name, text] of Object.entries(slapdFiles({ baseDN, organization: 'Deskfleet lab' }))) {
    writeFileSync(join(at.files, name), text)
  }
  for (const file of [at.admin, at.reader, at.replica].filter((path) => !existsSync(path))) {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
  }
  if (existsSync(at.ca)) return
  const authority = await makeAuthority('Deskfleet lab directory')
  const leaf = await issue(authority, {
    name: 'slapd',
    addresses: ['127.0.0.1'],
    hosts: ['localhost', 'ldap.lab'],
  })
  writeFileSync(join(at.tls, 'tls.key'), leaf.key, { mode: 0o600 })
  writeFileSync(join(at.tls, 'tls.crt'), leaf.certificate)
  writeFileSync(at.authorityKey, authority.key, { mode: 0o600 })
  writeFileSync(at.ca, authority.certificate)
  chmodSync(at.tls, 0o700)
}

/** The port of an earlier start, else a free one: who knew the directory's address finds it again. */
async function portOf(file: string): Promise<number> {
  if (existsSync(file)) return Number(readFileSync(file, 'utf8'))
  const [port = 0] = await freePorts(1)
  writeFileSync(file, String(port))
  return port
}

async function answering(port: number, caFile: string, log: string): Promise<void> {
  const ca = readFileSync(caFile)
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50)) {
    if (await handshake(port, ca)) return
  }
  const said = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : ''
  throw new Error(
    `slapd did not answer at 127.0.0.1:${port} within 15 s; its log (${log}) ends with:\n${said}`,
  )
}

function handshake(port: number, ca: Buffer): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port, ca, timeout: 2_000 }, () => finish(true))
    const finish = (answered: boolean): void => {
      socket.destroy()
      done(answered)
    }
    socket.on('error', () => finish(false))
    socket.on('timeout', () => finish(false))
  })
}
