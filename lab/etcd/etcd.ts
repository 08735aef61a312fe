import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { locate } from '../binaries/locate.ts'
import { ask } from '../network/ask.ts'
import { freePorts } from '../network/ports.ts'
import { down as downRun, type RunKind, type RunWish, up as upRun } from '../run/life.ts'
import { logTail } from '../run/run.ts'
import { type ClientCredentials, certify, credentialsIn } from './certificates.ts'
import { type LabMember, memberAt, type Place } from './member.ts'

export type { ClientCredentials } from './certificates.ts'
export type { LabMember } from './member.ts'

/** A cluster of real etcd, as masters have it: each member a process, speaking TLS only and asking for certificates. */
export interface EtcdLab {
  readonly dir: string
  /** Those that it began with. */
  readonly members: readonly LabMember[]
  readonly credentials: ClientCredentials
  /** One more etcd with an empty disk. It joins those beside it once somebody has added it, and does not run yet. */
  newcomer(name: string, beside: readonly LabMember[], address?: string): Promise<LabMember>
  /** Resolves once each of them answers as a member with a leader does. */
  answer(members: readonly LabMember[]): Promise<void>
  down(): Promise<void>
}

export interface EtcdWish extends RunWish {
  /** How many members; default 3. */
  readonly members?: number
  /** More arguments for each of them. */
  readonly extra?: readonly string[]
  /** Where each listens. @default 127.0.0.1 for all */
  readonly addresses?: readonly string[]
  /** Which ports each has, where each has an address of its own. @default free ones */
  readonly ports?: Ports
}

/** Where a member is asked, and where other members reach it: on masters 2379 and 2380. */
export interface Ports {
  readonly client: number
  readonly peer: number
}

/** Everything that a lab may ever have; they need no goodbye. */
const NAMES = Array.from({ length: 12 }, (_, index) => `pc-${index + 1}`)
/** Ms for a member to be well, on a machine that does much else. */
const PATIENCE = 60_000

export const ETCD: RunKind<EtcdWish, EtcdLab> = {
  name: 'etcd',
  ending: { killedFirst: NAMES, endedLast: [] },
  undo: [],
  async begin(dir, { members = 3, extra = [], addresses = [], ports }, progress) {
    const binary = (await locate(['etcd'], sources(progress))).get('etcd') ?? ''
    const places = await placesFor(NAMES.slice(0, members), addresses, ports)
    await certify(dir, [...new Set(['127.0.0.1', ...addresses])])
    writeFileSync(join(dir, 'cluster.json'), JSON.stringify({ binary, places, extra, ports }))
    const lab = etcdIn(dir, '')
    for (const member of lab.members) await member.start()
    await lab.answer(lab.members)
    return {}
  },
  attach: (dir, { name }) => etcdIn(dir, name),
}

/** Starts a cluster; resolves once each member answers. */
export const up = (wish: EtcdWish): Promise<EtcdLab> => upRun(ETCD, wish)

/** `etcdutl`, which restores snapshots. */
export async function etcdutl(progress: (line: string) => void = () => {}): Promise<string> {
  return (await locate(['etcd-tools'], sources(progress))).get('etcdutl') ?? ''
}

const sources = (progress: (line: string) => void) => ({ assets: process.env.KUBEBUILDER_ASSETS, progress })

async function placesFor(
  names: readonly string[],
  addresses: readonly string[],
  fixed?: Ports,
): Promise<Place[]> {
  const free = fixed ? [] : await freePorts(2 * names.length)
  return names.map((name, index) => {
    const [client = fixed?.client ?? 0, peer = fixed?.peer ?? 0] = free.slice(2 * index)
    return { name, address: addresses[index] ?? '127.0.0.1', client, peer }
  })
}

function etcdIn(dir: string, name: string): EtcdLab {
  const { binary, places, extra, ports } = JSON.parse(readFileSync(join(dir, 'cluster.json'), 'utf8'))
  const credentials = credentialsIn(dir)
  return {
    dir,
    credentials,
    members: places.map((place: Place) =>
      memberAt(dir, binary, place, { cluster: places, joins: false, extra }),
    ),
    async newcomer(called, beside, address = '127.0.0.1') {
      const [place] = await placesFor([called], [address], ports)
      if (!place) throw new Error('no place for one more')
      return memberAt(dir, binary, place, { cluster: [...beside, place], joins: true, extra })
    },
    answer: async (members) => void (await Promise.all(members.map((one) => isWell(dir, credentials, one)))),
    down: async () => void (await downRun(name)),
  }
}

async function isWell(dir: string, client: ClientCredentials, member: LabMember): Promise<void> {
  const { name, address: host, client: port } = member
  const deadline = Date.now() + PATIENCE
  const endpoint = { host, port, path: '/health', authority: client.authority, client }
  while ((await ask(endpoint)).status !== 200) {
    if (!member.runs()) throw new Error(`${name} ended. Its last words:\n${logTail(dir, name)}`)
    if (Date.now() > deadline)
      throw new Error(
        `${name} was not well after ${PATIENCE / 1000} s. Its last words:\n${logTail(dir, name)}`,
      )
    await sleep(50)
  }
}
