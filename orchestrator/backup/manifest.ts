import { createHash, X509Certificate } from 'node:crypto'
import { z } from 'zod'
import type { Member } from '../etcd/members.ts'
import type { Belonging } from './belongings.ts'
import type { Proof } from './prove.ts'

/** What a copy says of itself, and by what it is judged when it is opened. */
export const Manifest = z.object({
  version: z.literal(1),
  /** Whose copy it is: SHA-256 of the public key of the cluster's authority, as `kubeadm join` takes it. */
  room: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  at: z.iso.datetime(),
  etcd: z.object({
    version: z.string(),
    revision: z.int().positive(),
    keys: z.int().nonnegative(),
    /** How many keys of each kind, as `/registry/pods`. */
    kinds: z.record(z.string(), z.int().positive()),
    hash: z.int().nonnegative(),
    compacted: z.int(),
    /** Ids of the members that had the same when it was made. */
    agreed: z.array(z.string()).min(1),
    /** All who belonged to it. */
    members: z.array(z.object({ name: z.string(), clientUrls: z.array(z.string()) })),
  }),
  /** SHA-256 of each file, in hex, by its name. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
})
export type Manifest = z.output<typeof Manifest>

export const MANIFEST = 'manifest.json'
export const SNAPSHOT = 'etcd.db'

export function manifestOf(
  proof: Proof,
  members: readonly Member[],
  at: Date,
  belongings: readonly Belonging[],
  snapshotSum: string,
): Manifest {
  const authority = belongings.find(({ name }) => name === 'pki/ca.crt')
  const sums = belongings.map(({ name, content }) => [name, sha256(content)])
  return {
    version: 1,
    room: authority === undefined ? '' : roomOf(authority.content),
    at: at.toISOString(),
    etcd: {
      ...proof,
      kinds: { ...proof.kinds },
      agreed: [...proof.agreed],
      members: members.map(({ name, clientUrls }) => ({ name, clientUrls: [...clientUrls] })),
    },
    files: { ...Object.fromEntries(sums), [SNAPSHOT]: snapshotSum },
  }
}

export function roomOf(authority: Buffer): string {
  const key = new X509Certificate(authority).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${sha256(key)}`
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
