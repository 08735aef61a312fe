import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { Service } from '../../charts/service.ts'
import { IMAGES } from '../../config/images.ts'
import { buildImages } from '../images/build.ts'
import type { BuiltImage } from '../images/context.ts'
import { renderWith } from '../manifests/render.ts'
import { DOOR_ADDRESS } from '../room/plan.ts'
import { pushImage } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { SHARED_CLASS, STORAGE_DIRECTORY } from '../room/volumes.ts'
import { wayIn } from '../room/way-in.ts'
import { applicationsOf, settled } from './applications.ts'
import { ARGO_CD_NAMESPACE, argoCdManifests, REDIS_SECRET } from './argo-cd.ts'
import { type Repository, roomRepository } from './git.ts'

/** The room's platform as it is delivered: where Git is, and what the last commit holds. */
export interface Delivery {
  readonly repository: Repository
  /** Image references by digest, by the names of `config/images.ts`. */
  readonly images: Readonly<Record<string, string>>
  /** What lies over `cluster.yaml` in this room. */
  readonly overlay: Overlay
  readonly commit: string
}

/** Settings as in `cluster.yaml`; only what differs. */
export type Overlay = Readonly<Record<string, unknown>>

/** Where a room's homes are: on a Gluster volume over the disks of its PCs, in the folder that they share, or on a class of it. */
export const STORAGE_KINDS = ['gluster', 'path', 'existing'] as const
export type StorageKind = (typeof STORAGE_KINDS)[number]

export interface HowToDeliver {
  /** How the cluster gets the list of apps, a folder. @default applied whole */
  readonly hand?: (room: Room, folder: string) => Promise<void>
  /** @default as it was delivered before, and at first Gluster */
  readonly storage?: StorageKind | undefined
}

/**
 * Brings the platform into a room as an administrator does: images into the registry, `dist/` into Git, Argo CD onto
 * the cluster, and the list of apps to it. Resolves when all of them are Synced and Healthy. Called again, it delivers
 * what changed.
 */
export async function deliver(
  room: Room,
  progress: (line: string) => void,
  { hand = handOver, storage = storageOf(room) }: HowToDeliver = {},
): Promise<Delivery> {
  writeFileSync(storageFile(room), storage)
  const images = await pushImages(room, progress)
  const repository = await roomRepository(room)
  const overlay = await overlayOf(room, images, repository, storage)
  const commit = await publish(repository, overlay, 'The room as cluster.yaml says')
  progress(`committed ${commit.slice(0, 8)} to ${repository.url}`)
  await installArgoCd(room, images.argocd ?? '', progress)
  progress('handing the list of apps to Argo CD')
  await hand(room, join(repository.folder, 'dist', 'delivery'))
  await settled(room, commit, progress)
  return { repository, images, overlay, commit }
}

/** What people type, as `cluster.yaml` has it. */
export const DOOR_HOST = 'desk.room.example.org'

/** The port of 127.0.0.1 that leads to the room's one address; opened at the first call. */
export async function openDoor(room: Room): Promise<number> {
  const noted = join(room.dir, 'door')
  if (!existsSync(noted)) {
    const port = await wayIn(room.machine, room.start, 'door', `${DOOR_ADDRESS.split('/')[0]}:443`)
    writeFileSync(noted, String(port))
  }
  return Number(readFileSync(noted, 'utf8'))
}

/** The delivery of a room that has one, for another process. */
export async function openDelivery(room: Room): Promise<Delivery> {
  const images = await pushImages(room, () => {})
  const repository = await roomRepository(room)
  const commit = (await repository.git('rev-parse', 'HEAD')).trim()
  return { repository, images, overlay: await overlayOf(room, images, repository, storageOf(room)), commit }
}

/** Noted beside the room, for other processes. */
const storageFile = (room: Room): string => join(room.dir, 'storage')
function storageOf(room: Room): StorageKind {
  const noted = existsSync(storageFile(room)) ? readFileSync(storageFile(room), 'utf8') : ''
  return STORAGE_KINDS.find((kind) => kind === noted) ?? 'gluster'
}

/** All PCs of the room share one machine, so its people have the light desktop: a third of the other one's size. */
export const IN_ROOM: readonly BuiltImage[] = [
  'deskfleet',
  'ldap',
  'door',
  'gluster',
  'argocd',
  'etcd-backup',
  'ingress',
  'desktop-light',
]

/** Their references by digest, by the names of `config/images.ts`; what the registry has already costs nothing. */
async function pushImages(
  room: Room,
  progress: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const images: Record<string, string> = {}
  for (const image of await buildImages(IN_ROOM, progress)) {
    images[image.name] = await pushImage(room.machine, image, IMAGES[image.name].tag)
  }
  return images
}

const LIGHT = {
  name: 'light',
  title: 'Light desktop',
  image: 'desktop-light',
  resources: { cpu: '100m', memory: '256Mi', memoryLimit: '1Gi' },
}

/** Goes after a minute without input; for the members of its group alone, so that everybody else has nothing to choose. */
export const SHORT = {
  ...LIGHT,
  name: 'short',
  title: 'Short visit',
  idle: '1m',
  groups: ['short-visits'],
}

const STORAGE: Readonly<Record<StorageKind, object>> = {
  path: { kind: 'path', path: STORAGE_DIRECTORY },
  existing: { kind: 'existing', storageClass: SHARED_CLASS, size: '10Gi' },
  // All PCs of a room share one machine, where each copy of what is written is work. One is off for minutes at most.
  gluster: { kind: 'gluster', replicas: 3, replaceAfter: '5m' },
}

/** What opens the room's copies of etcd. An administrator has it outside of the room; here it lies beside the room. */
export const copiesKeyFile = (room: Room): string => join(room.dir, 'etcd-copies.key')

/** The public key for which copies of etcd are made. */
async function recipientOf(room: Room): Promise<string> {
  const file = copiesKeyFile(room)
  if (!existsSync(file)) writeFileSync(file, await generateX25519Identity(), { mode: 0o600 })
  return identityToRecipient(readFileSync(file, 'utf8'))
}

const overlayOf = async (
  room: Room,
  images: Readonly<Record<string, string>>,
  repository: Repository,
  storage: StorageKind,
): Promise<Overlay> => ({
  images,
  masters: { copies: { recipients: [await recipientOf(room)] } },
  hosts: { address: DOOR_ADDRESS },
  templates: [LIGHT, SHORT],
  storage: STORAGE[storage],
  delivery: { repository: repository.url },
})

/** What an administrator does after a change: synth, commit, push. Resolves with the commit. */
export async function publish(
  repository: Repository,
  overlay: Overlay,
  message: string,
  services: readonly Service[] = [],
): Promise<string> {
  render(repository, overlay, services)
  return repository.commit(message)
}

/** Writes `cluster.yaml`, what lies over it, and the `dist/` of both into the clone. */
export function render({ folder }: Repository, overlay: Overlay, services: readonly Service[] = []): void {
  copyFileSync(join(import.meta.dirname, '..', '..', 'cluster.yaml'), join(folder, 'cluster.yaml'))
  renderWith(stringify(overlay), join(folder, 'dist'), services)
}

async function installArgoCd(room: Room, image: string, progress: (line: string) => void): Promise<void> {
  progress('installing Argo CD')
  await makeRedisSecret(room)
  const manifests = await argoCdManifests(image)
  await apply(room, ['--filename=-'], manifests)
  const parts = [
    'deployment/argocd-redis',
    'deployment/argocd-repo-server',
    'deployment/argocd-application-controller',
  ]
  for (const part of parts) {
    const ready = await room.run(['rollout', 'status', part, '-n', ARGO_CD_NAMESPACE, '--timeout=180s'])
    if (ready.code !== 0) throw new Error(`${part} did not become ready: ${ready.stderr.trim()}`)
  }
}

/** Makes the password that Argo CD keeps its cache with, unless there is one; it goes to kubectl by stdin. */
async function makeRedisSecret(room: Room): Promise<void> {
  const namespace = ARGO_CD_NAMESPACE
  await apply(
    room,
    ['--filename=-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
  )
  const { name, key } = REDIS_SECRET
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { [key]: randomBytes(24).toString('base64url') },
  }
  const made = await room.run(['create', '--filename=-'], { input: JSON.stringify(secret) })
  if (made.code !== 0 && !made.stderr.includes('AlreadyExists'))
    throw new Error(`the password of Argo CD's redis could not be made: ${made.stderr.trim()}`)
}

const handOver = (room: Room, folder: string): Promise<void> => apply(room, ['--filename', folder])

/**
 * The other way round, the last app first, and each only after the one before it was tried: what must converge in any
 * order does so from this one too.
 */
export async function handOverBackwards(room: Room, folder: string): Promise<void> {
  const files = readdirSync(folder).map((name) => join(folder, name))
  const project = files.filter((file) => /AppProject/.test(file))
  const apps = files.filter((file) => !project.includes(file)).map((file) => ({ file, ...partOf(file) }))
  for (const file of project) await apply(room, ['--filename', file])
  for (const { file, name } of apps.sort((one, other) => other.wave - one.wave)) {
    await apply(room, ['--filename', file])
    const tried = async (): Promise<boolean> =>
      (await applicationsOf(room)).some((app) => app.name === name && app.phase !== '')
    const deadline = Date.now() + 60_000
    while (!(await tried())) {
      if (Date.now() > deadline) throw new Error(`Argo CD does not try the app ${name} within a minute`)
      await sleep(250)
    }
  }
}

const Part = z.object({
  metadata: z.object({
    name: z.string(),
    annotations: z.object({ 'argocd.argoproj.io/sync-wave': z.coerce.number() }),
  }),
})

function partOf(file: string): { readonly name: string; readonly wave: number } {
  const { name, annotations } = Part.parse(parse(readFileSync(file, 'utf8'))).metadata
  return { name, wave: annotations['argocd.argoproj.io/sync-wave'] }
}

async function apply(room: Room, files: readonly string[], input?: string): Promise<void> {
  const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=administrator', ...files]
  const { code, stderr } = await room.run(args, input === undefined ? {} : { input })
  if (code !== 0) throw new Error(`the API server refused: ${stderr.trim()}`)
}
