import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Account, connect, hangUp } from '../../directory/connect.ts'
import { DirectoryError } from '../../directory/errors.ts'
import type { LdapReplica } from '../../lab/bare/ldap.ts'
import { freePorts } from '../../lab/network/ports.ts'
import { type Line, lineTo } from '../webhook/cut.ts'
import { BASE, newDir, type OwnSlapd, ownSlapd } from './slapd.ts'
import { eventually } from './wait.ts'

/** Several real servers that hold the same people, each reached by each other one over a line of its own. */
export interface Replicas {
  readonly servers: readonly OwnSlapd[]
  /** What makes the server of that ordinal one of them. */
  as(ordinal: number): LdapReplica
  /** Cuts every line to and from that server, or mends it. */
  cut(ordinal: number): void
  mend(ordinal: number): void
  /** Ends it, takes its people away, and starts it again. */
  empty(ordinal: number): Promise<void>
  down(): Promise<void>
}

/** @param writer The ordinal of the one that takes writes from its start. */
export async function slapdReplicas(count = 3, writer: number | undefined = 0): Promise<Replicas> {
  const ports = await freePorts(count)
  const ordinals = Array.from({ length: count }, (_, ordinal) => ordinal)
  const lines = await Promise.all(
    ordinals.map((from) =>
      Promise.all(ports.map(async (port, to) => ({ from, to, line: await lineTo(port) }))),
    ),
  )
  const dirs = ordinals.map(newDir)
  const as = (ordinal: number): LdapReplica => ({
    ordinal,
    peers: (lines[ordinal] ?? []).map(({ line }) => `ldaps://127.0.0.1:${line.port}`),
    writes: ordinal === writer,
    ...(ordinal > 0 && dirs[0] !== undefined ? { like: dirs[0] } : {}),
  })
  const begin = async (ordinal: number): Promise<OwnSlapd> => {
    const dir = dirs[ordinal] ?? newDir()
    mkdirSync(join(dir, 'ldap'), { recursive: true })
    writeFileSync(join(dir, 'ldap', 'port'), String(ports[ordinal]))
    return await ownSlapd(BASE, { dir, replica: as(ordinal) })
  }
  // The first makes the authority and the passwords that the others share.
  const first = await begin(0)
  const servers = [first, ...(await Promise.all(ordinals.slice(1).map(begin)))]
  const of = (ordinal: number): Line[] =>
    lines.flat().flatMap(({ from, to, line }) => (from === ordinal || to === ordinal ? [line] : []))
  return {
    servers,
    as,
    cut: (ordinal) => of(ordinal).forEach((line) => void line.cut()),
    mend: (ordinal) => of(ordinal).forEach((line) => void line.mend()),
    async empty(ordinal) {
      const server = servers[ordinal]
      await server?.stop('SIGKILL')
      rmSync(join(server?.dir ?? '', 'ldap', 'data', 'db'), { recursive: true })
      await server?.start()
    },
    async down() {
      for (const { line } of lines.flat()) line.end()
      await Promise.all(servers.map((server) => server.down()))
    },
  }
}

type Content = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/**
 * All that a server holds, by name, password hashes and operational attributes too; as its like read it. Only the three
 * accounts of the directory itself have a salt of each server's own.
 */
export async function contentOf({ ldap }: OwnSlapd): Promise<Content> {
  const account = { dn: ldap.replicaDN, password: readFileSync(ldap.replicaPasswordFile, 'utf8') }
  const client = await connect({ url: ldap.url, ca: readFileSync(ldap.caFile, 'utf8') }, account)
  try {
    const { searchEntries } = await client.search(ldap.baseDN, { attributes: ['*', '+'] })
    return Object.fromEntries(
      searchEntries
        .map(({ dn, contextCSN: _, ...entry }) => {
          const values = Object.entries(entry)
            .filter(([name]) => !(name === 'userPassword' && dn.startsWith('cn=')))
            .map(([name, found]) => [name, [found].flat().map(String).sort()] as const)
          return [dn, Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1)))] as const
        })
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  } finally {
    await hangUp(client)
  }
}

/** What all of these hold, once they hold the same and that is as it should be. */
export async function sameContent(
  servers: readonly OwnSlapd[],
  asItShouldBe: (content: Content) => boolean = () => true,
): Promise<Content> {
  let contents: Content[] = []
  await eventually('all servers hold the same', async () => {
    contents = await Promise.all(servers.map(contentOf))
    const [first = {}] = contents
    return asItShouldBe(first) && contents.every((one) => isDeepStrictEqual(one, first))
  })
  return contents[0] ?? {}
}

/** Whether that server lets this account in. */
export async function letsIn({ ldap }: OwnSlapd, account: Account): Promise<boolean> {
  try {
    await hangUp(await connect({ url: ldap.url, ca: readFileSync(ldap.caFile, 'utf8') }, account))
    return true
  } catch (error) {
    if (error instanceof DirectoryError && error.problem === 'credentialsRefused') return false
    throw error
  }
}
