import { lstat, readdir, readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Manifest } from '../backup/manifest.ts'
import type { Facts } from './facts.ts'
import { KUBERNETES, MADE_ANEW } from './paths.ts'

/** Ms that somebody has to answer. */
const PATIENCE = 3_000

export interface Look {
  /** `/`, or where a test has a PC. */
  readonly root: string
  /** Of the copy: whom the room had. */
  readonly manifest: Manifest
  /** Of the copy: `controlPlaneEndpoint`, by which everybody calls the API. */
  readonly endpoint: string | undefined
}

/** Reads it all at once; nothing is changed. */
export async function observe({ root, manifest, endpoint }: Look): Promise<Facts> {
  const members = manifest.etcd.members.flatMap(({ name, clientUrls }) =>
    clientUrls.map((url) => ({ name, ...hostAndPort(url, 2379) })),
  )
  const servers = new Set([
    ...(endpoint === undefined ? [] : [endpoint]),
    ...(await serversIn(root)),
    ...members.map(({ host }) => `${host}:6443`),
    '127.0.0.1:6443',
  ])
  const found = await Promise.all([
    programsHere(),
    ...[{ name: 'this PC', host: '127.0.0.1', port: 2379 }, ...members].map(memberAt),
    ...[...servers].map(apiAt),
  ])
  return {
    isRoot: process.getuid?.() === 0,
    alive: found.flat(),
    present: await presentIn(root),
    addresses: addressesHere(),
    hostname: hostname(),
  }
}

async function presentIn(root: string): Promise<readonly string[]> {
  const there = await Promise.all(
    MADE_ANEW.map((path) =>
      lstat(join(root, path)).then(
        () => [path],
        () => [],
      ),
    ),
  )
  return there.flat()
}

/** An etcd that runs here is alive even where it answers nobody, for want of a majority. */
async function programsHere(): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const names = await Promise.all(
    pids.map(async (pid) => ({ pid, name: await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '') })),
  )
  return names
    .filter(({ name }) => name.trim() === 'etcd' || name.trim() === 'kube-apiserver')
    .map(({ pid, name }) => `${name.trim()} runs on this PC, as process ${pid}`)
}

function memberAt({ name, host, port }: { name: string; host: string; port: number }): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PATIENCE })
    const end = (found: string[]): void => {
      socket.destroy()
      resolve(found)
    }
    socket.once('connect', () => end([`an etcd, of ${name}, can be reached at ${host}:${port}`]))
    socket.once('timeout', () => end([]))
    socket.once('error', () => end([]))
  })
}

/** By whatever certificate: who says that it is ready is no room to rescue. */
function apiAt(server: string): Promise<string[]> {
  return new Promise((resolve) => {
    const asked = request(`https://${server}/readyz`, {
      rejectUnauthorized: false,
      agent: false,
      timeout: PATIENCE,
    })
    asked.once('response', (response) => {
      response.destroy()
      resolve(response.statusCode === 200 ? [`the API server at ${server} says that it is ready`] : [])
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve([]))
    asked.end()
  })
}

/** What this PC's own kubeconfigs call. */
async function serversIn(root: string): Promise<readonly string[]> {
  const texts = await Promise.all(
    ['admin.conf', 'kubelet.conf'].map((name) =>
      readFile(join(root, KUBERNETES, name), 'utf8').catch(() => ''),
    ),
  )
  return texts.flatMap((text) => /^\s*server: https:\/\/(\S+)$/m.exec(text)?.[1] ?? [])
}

function hostAndPort(url: string, otherwise: number): { host: string; port: number } {
  const { hostname: host, port } = new URL(url)
  return { host, port: Number(port) || otherwise }
}

/** Without those of pods and bridges, which others cannot reach: a PC's own network card has a device behind it. */
function addressesHere(): readonly string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    /^(lo|veth|cni|docker|br-|virbr|podman|kube)/.test(name)
      ? []
      : (addresses ?? []).flatMap(({ family, internal, address }) =>
          family === 'IPv4' && !internal ? [address] : [],
        ),
  )
}
