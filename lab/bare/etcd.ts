import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from './credentials.ts'

/** Arguments of a one-member etcd on loopback that speaks TLS only and asks everybody for a certificate. */
export function etcdArguments(dir: string, credentials: Credentials, client: number, peer: number): string[] {
  const data = join(dir, 'etcd')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const certificate = credentials.file('etcd', 'crt')
  const key = credentials.file('etcd', 'key')
  const authority = credentials.file('etcd-ca', 'crt')
  return [
    '--name=lab',
    `--data-dir=${data}`,
    `--listen-client-urls=https://127.0.0.1:${client}`,
    `--advertise-client-urls=https://127.0.0.1:${client}`,
    `--listen-peer-urls=https://127.0.0.1:${peer}`,
    `--initial-advertise-peer-urls=https://127.0.0.1:${peer}`,
    `--initial-cluster=lab=https://127.0.0.1:${peer}`,
    '--client-cert-auth',
    `--trusted-ca-file=${authority}`,
    `--cert-file=${certificate}`,
    `--key-file=${key}`,
    '--peer-client-cert-auth',
    `--peer-trusted-ca-file=${authority}`,
    `--peer-cert-file=${certificate}`,
    `--peer-key-file=${key}`,
  ]
}
