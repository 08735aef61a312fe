import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileCluster } from '../../charts/apps.ts'
import { swapFolder } from '../../charts/kit/write.ts'
import type { Service } from '../../charts/service.ts'
import { readServices } from '../../charts/services/read.ts'
import { type Finding, type Outcome, sentence } from '../../config/findings.ts'
import { IMAGES } from '../../config/images.ts'
import { lies } from '../../config/ipv4.ts'
import { readCluster } from '../../config/read.ts'
import { byRelease, readRelease, releaseText } from '../../config/release.ts'
import type { Cluster } from '../../config/schema.ts'
import { argoCdManifests } from '../delivery/argo-cd.ts'
import { type Built, buildImages } from '../images/build.ts'
import { BUILT, type BuiltImage } from '../images/context.ts'
import { DNS_PATCH } from '../room/dns.ts'
import { manifestFor } from '../room/pod-network.ts'
import { FOLDERS } from './contents.ts'
import type { BundleFolder } from './folder.ts'

/** What `install.sh init` begins a room with: its settings, its images, its Git with dist/ in it, and Argo CD. */

const run = promisify(execFile)

const ROOT = join(import.meta.dirname, '..', '..')

export interface RoomOfBundle {
  readonly cluster: Cluster
  readonly services: readonly Service[]
  /** The text of its cluster.yaml. */
  readonly text: string
}

/** @param file its cluster.yaml @throws with every finding, also where a room cannot begin by it */
export async function readRoom(file: string): Promise<RoomOfBundle> {
  const text = readFileSync(file, 'utf8')
  const cluster = found(readCluster({ name: file, text }))
  const services = found(await readServices(join(ROOT, 'services'), 'services'))
  const refusals = refuseRoom(cluster)
  if (refusals.length > 0) throw new Error(refusals.join('\n'))
  return { cluster, services, text }
}

function found<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  throw new Error(outcome.findings.map((finding: Finding) => sentence(finding)).join('\n'))
}

/** Of Services and of pods, as installer/steps/cluster.sh tells kubeadm. */
const CLUSTER_NETWORKS = ['10.96.0.0/16', '10.244.0.0/16'] as const

/** Why no room begins by those settings; each with its mend. */
export function refuseRoom({ sources, hosts, ldap, delivery, storage }: Cluster): string[] {
  const ofCluster = (address: string): boolean =>
    CLUSTER_NETWORKS.some((network) => lies(`${address}/32`, network))
  const wrong: [boolean, string][] = [
    [
      sources.kind === 'room' && !lies(`${sources.address}/32`, CLUSTER_NETWORKS[0]),
      `sources.address: the cluster gives addresses of ${CLUSTER_NETWORKS[0]}; leave it out`,
    ],
    [
      hosts.address !== undefined && ofCluster(hosts.address.replace(/\/.*/, '')),
      `hosts.address: ${CLUSTER_NETWORKS.join(' and ')} are the cluster's own; give the PCs another network`,
    ],
    [
      delivery.path !== 'dist' ||
        !('ref' in delivery.revision) ||
        delivery.revision.ref !== 'refs/heads/main',
      "delivery: the room's Git has the branch main and dist in it; leave branch, tag, commit, ref and path out",
    ],
    [
      sources.kind !== 'room',
      'sources.kind: a room that begins by itself has its registry and its Git inside; write room',
    ],
    [
      hosts.address === undefined,
      'hosts.address: the room needs one address in the network of its PCs; write one such as 192.0.2.10/24',
    ],
    [
      ldap.disk !== 'pc',
      'ldap.disk: no StorageClass is there when a room begins; write pc, by which LDAP keeps its data on its PC',
    ],
    [delivery.kind !== 'argo', 'delivery.kind: install.sh init installs Argo CD; write argo'],
    [
      storage.kind !== 'gluster',
      'storage.kind: a room that begins by itself keeps homes on its own disks; write gluster',
    ],
  ]
  return wrong.filter(([is]) => is).map(([, what]) => what)
}

/** The images of ours that the room's objects name, and Argo CD. */
export function imagesOfRoom({ cluster, services }: RoomOfBundle): BuiltImage[] {
  const texts = [...filesOf(cluster, services).values()].join('\n')
  const tagged = (name: BuiltImage): string => `${cluster.registry}/${name}:${IMAGES[name].tag}`
  return BUILT.filter((name) => name === 'argocd' || texts.includes(tagged(name)))
}

function filesOf(cluster: Cluster, services: readonly Service[]): ReadonlyMap<string, string> {
  return found(compileCluster(cluster, services)).files
}

/** Lays the room into the bundle. @param kubernetes as `v1.37.2` @param work an empty folder, for what is only needed meanwhile */
export async function layRoom(
  folder: BundleFolder,
  room: RoomOfBundle,
  kubernetes: string,
  work: string,
  progress: (line: string) => void,
): Promise<void> {
  const names = imagesOfRoom(room)
  progress(`images of ours: ${names.join(', ')}`)
  const built = await buildImages(names, progress)
  for (const { name, archive } of built) await folder.lay(`${FOLDERS.registry}/${name}.tar`, archive)
  // As if it had been released as it was built.
  const record = releaseText(Object.fromEntries(built.map(({ name, digest }) => [name, digest])))
  const release = readRelease('release/images.json', record)
  if ('finding' in release) throw new Error(sentence(release.finding))
  const cluster = byRelease(room.cluster, release)
  progress("the room's Git, with dist/ in it")
  const clone = join(work, 'repository')
  await commitRoom(clone, room, cluster, record)
  const bundle = join(work, 'deskfleet.bundle')
  await run('git', ['-C', clone, 'bundle', 'create', '--quiet', bundle, 'main'])
  await folder.lay(`${FOLDERS.room}/deskfleet.bundle`, bundle)
  for (const file of ['cluster.yaml', ...globSync('dist/**/*.yaml', { cwd: clone })])
    await folder.lay(`${FOLDERS.repository}/${file}`, join(clone, file))
  const endpoint = endpointOf(cluster)
  const write = (name: string, text: string): void => folder.write(`${FOLDERS.room}/${name}`, text)
  write('answers', answersOf(cluster, endpoint, kubernetes))
  write('images', imagesText(built))
  write('pod-network.yaml', manifestFor(endpoint))
  write('dns.json', DNS_PATCH)
  write('argo-cd.yaml', await argoCdManifests(cluster.images.argocd ?? ''))
}

/** A clone of this checkout's last commit, with the room's settings, the digests of its images, and its dist/. */
async function commitRoom(
  clone: string,
  { services, text }: RoomOfBundle,
  cluster: Cluster,
  record: string,
): Promise<void> {
  const { stdout } = await run('git', ['-C', ROOT, 'rev-parse', '--is-shallow-repository'])
  if (stdout.trim() === 'true')
    throw new Error("this clone has no history, by which the room's Git could begin: git fetch --unshallow")
  await run('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone])
  const git = (...words: string[]) =>
    run('git', ['-C', clone, '-c', 'user.name=Deskfleet', '-c', 'user.email=room@localhost', ...words])
  await git('checkout', '--quiet', '-B', 'main')
  writeFileSync(join(clone, 'cluster.yaml'), text)
  writeFileSync(join(clone, 'release', 'images.json'), record)
  rmSync(join(clone, 'services'), { recursive: true, force: true })
  cpSync(join(ROOT, 'services'), join(clone, 'services'), { recursive: true })
  mkdirSync(join(clone, 'dist'), { recursive: true })
  swapFolder(join(clone, 'dist'), filesOf(cluster, services))
  await git('add', '--all')
  await git('-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message', 'The room as it begins')
}

export const endpointOf = ({ hosts }: Cluster): string => `${hosts.address?.replace(/\/\d+$/, '')}:6443`

/** What install.sh has to know of the room, as an answer file: nothing of it is secret. */
export const answersOf = (
  { hosts, registry, desktops }: Cluster,
  endpoint: string,
  kubernetes: string,
): string =>
  Object.entries({
    'door-address': hosts.address,
    endpoint,
    kubernetes,
    registry,
    door: hosts.door,
    keyboard: desktops.keyboard,
    language: desktops.language,
    'time-zone': desktops.timeZone,
  })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')

/** NAME TAG DIGEST, one image a line. */
export const imagesText = (built: readonly Pick<Built, 'name' | 'digest'>[]): string =>
  built.map(({ name, digest }) => `${name} ${IMAGES[name].tag} ${digest}\n`).join('')
