import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issue, type KeyPair, makeAuthority } from '../../../lab/bare/certificates.ts'
import { locate } from '../../../lab/binaries/locate.ts'
import type { Cluster } from '../../../lab/kubectl/cluster.ts'
import { call } from '../../../lab/programs/call.ts'
import { eventually } from '../../harness/wait.ts'

/** A real etcd that counts other members in and out, at addresses of loopback that nobody else has. */
export interface Members {
  readonly authority: KeyPair
  /** A client's certificate, as a master has it. */
  readonly client: KeyPair
  /** Addresses of the etcd that runs, and of the PC that it may count. */
  readonly address: { readonly peer: string; readonly pc: string }
  count(): Promise<void>
  remove(): Promise<void>
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startMembers(cluster: Cluster): Promise<Members> {
  const net = `127.${64 + (process.pid % 128)}.${Math.floor(process.pid / 128) % 256}`
  const [peer, pc] = [`${net}.2`, `${net}.3`]
  const binaries = await locate(['etcd', 'etcd-tools'])
  const authority = await makeAuthority('etcd of a test')
  const client = await issue(authority, { name: 'healthcheck' })
  const folder = join(cluster.dir, 'members')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const own = await issue(authority, { name: 'peer', addresses: [peer] })
  const [ca, crt, key] = [
    file('ca.crt', authority.certificate),
    file('own.crt', own.certificate),
    file('own.key', own.key),
  ]
  const [callerCrt, callerKey] = [file('client.crt', client.certificate), file('client.key', client.key)]
  const etcd = [
    ...['--name=peer', `--data-dir=${join(folder, 'data')}`],
    ...[`--listen-client-urls=https://${peer}:2379`, `--advertise-client-urls=https://${peer}:2379`],
    ...[`--listen-peer-urls=https://${peer}:2380`, `--initial-advertise-peer-urls=https://${peer}:2380`],
    ...[`--initial-cluster=peer=https://${peer}:2380`, '--client-cert-auth', '--peer-client-cert-auth'],
    ...[`--trusted-ca-file=${ca}`, `--cert-file=${crt}`, `--key-file=${key}`],
    ...[`--peer-trusted-ca-file=${ca}`, `--peer-cert-file=${crt}`, `--peer-key-file=${key}`],
  ]
  const etcdctl = (...args: string[]) =>
    call(binaries.get('etcdctl') ?? 'etcdctl', [
      ...[`--endpoints=https://${peer}:2379`, `--cacert=${ca}`, `--cert=${callerCrt}`, `--key=${callerKey}`],
      ...['--command-timeout=3s', ...args],
    ])
  const must = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await etcdctl(...args)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }
  const start = async (): Promise<void> => {
    await cluster.start('etcd-peer', binaries.get('etcd') ?? 'etcd', etcd)
    await eventually('etcd answers', async () => (await etcdctl('member', 'list')).code === 0)
  }
  await start()
  return {
    authority,
    client,
    address: { peer, pc },
    start,
    stop: () => cluster.stop('etcd-peer', 'SIGKILL'),
    // As one that learns, so that the other keeps its quorum without it.
    count: async () =>
      void (await must('member', 'add', 'pc', `--peer-urls=https://${pc}:2380`, '--learner')),
    async remove() {
      const list = await must('member', 'list')
      const id = list
        .split('\n')
        .find((line) => line.includes(pc))
        ?.split(',')[0]
      if (id) await must('member', 'remove', id)
    },
  }
}
