import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../run/processes.ts'
import { readRecord } from '../run/record.ts'
import { processOf, runs, startProcess, stopProcess } from '../run/run.ts'

/** Where a member listens. */
export interface Place {
  readonly name: string
  readonly address: string
  readonly client: number
  readonly peer: number
}

/** One etcd of the lab, standing for the one of a master: it can be killed, held and started again with its disk. */
export interface LabMember extends Place {
  readonly clientUrl: string
  readonly peerUrl: string
  /** Its disk. */
  readonly data: string
  runs(): boolean
  /** Starts it with the disk that it has; resolves as soon as the process runs. */
  start(): Promise<void>
  /** SIGKILL, as a PC that loses power. */
  kill(): Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing, as a PC whose disk hangs. */
  hold(): void
  /** SIGCONT */
  release(): void
  /** Its disk is lost; it does not run. */
  loseDisk(): void
}

const clientUrl = ({ address, client }: Place): string => `https://${address}:${client}`
const peerUrl = ({ address, peer }: Place): string => `https://${address}:${peer}`

/** How it is started, beside what every member is told. */
export interface Born {
  /** Everybody who is there when it is born, itself included; where its disk holds a member this counts no more. */
  readonly cluster: readonly Place[]
  /** Whether it joins one that exists. */
  readonly joins: boolean
  readonly extra: readonly string[]
}

export function memberAt(dir: string, binary: string, place: Place, born: Born): LabMember {
  const { name } = place
  const data = join(dir, name)
  const signal = (which: NodeJS.Signals): void => {
    const found = readRecord(dir)?.processes.find(({ id }) => id === name)
    if (!found) return
    for (const one of processOf(dir, found)) if (isAlive(one)) process.kill(one.pid, which)
  }
  return {
    ...place,
    clientUrl: clientUrl(place),
    peerUrl: peerUrl(place),
    data,
    runs: () => runs(dir, name),
    async start() {
      mkdirSync(data, { recursive: true, mode: 0o700 })
      // Not of the lab's own: that it dies does not make the lab a crashed one.
      await startProcess(dir, name, binary, argumentsOf(dir, data, place, born), { guest: true })
    },
    kill: () => stopProcess(dir, name, 'SIGKILL'),
    hold: () => signal('SIGSTOP'),
    release: () => signal('SIGCONT'),
    loseDisk: () => rmSync(data, { recursive: true, force: true }),
  }
}

function argumentsOf(dir: string, data: string, place: Place, { cluster, joins, extra }: Born): string[] {
  const file = (name: string): string => join(dir, 'pki', name)
  return [
    `--name=${place.name}`,
    `--data-dir=${data}`,
    `--listen-client-urls=${clientUrl(place)}`,
    `--advertise-client-urls=${clientUrl(place)}`,
    `--listen-peer-urls=${peerUrl(place)}`,
    `--initial-advertise-peer-urls=${peerUrl(place)}`,
    `--initial-cluster=${cluster.map((one) => `${one.name}=${peerUrl(one)}`).join(',')}`,
    `--initial-cluster-state=${joins ? 'existing' : 'new'}`,
    '--client-cert-auth',
    `--trusted-ca-file=${file('ca.crt')}`,
    `--cert-file=${file('member.crt')}`,
    `--key-file=${file('member.key')}`,
    '--peer-client-cert-auth',
    `--peer-trusted-ca-file=${file('ca.crt')}`,
    `--peer-cert-file=${file('member.crt')}`,
    `--peer-key-file=${file('member.key')}`,
    '--log-level=warn',
    ...extra,
  ]
}
