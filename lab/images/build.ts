import { createHash, randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { type DebianWish, debianTar } from '../debian/root.ts'
import { MACHINE_ALONE } from '../machine/alone.ts'
import type { Machine } from '../machine/machine.ts'
import { down, up } from '../run/life.ts'
import { cacheFolder } from '../run/places.ts'
import { writeImage } from './archive.ts'
import { type BuiltImage, inputsOf, layContext, packagesOf, speaksLanguages } from './context.ts'
import { billOfMaterials } from './materials.ts'

/** An image as it stands in the cache. */
export interface Built {
  readonly name: BuiltImage
  /** Path of an OCI archive. */
  readonly archive: string
  /** Path of its bill of materials (CycloneDX, JSON). */
  readonly materials: string
  /** `sha256:…` of its manifest: what a registry will call it. */
  readonly digest: string
  /** Of the archive, compressed. */
  readonly bytes: number
}

const Meta = z.object({ digest: z.string() })

/**
 * Builds those images that are not in the cache, by their Containerfiles, on a Debian made here; needs root, and no
 * network but Debian's mirror and npm's registry. The same inputs make the same layers: times are fixed, names sorted.
 */
export async function buildImages(
  names: readonly BuiltImage[],
  progress: (line: string) => void,
): Promise<Built[]> {
  const plans = names.map(planOf)
  const missing = plans.filter((plan) => !existsSync(plan.folder))
  if (missing.length > 0) await build(missing, progress)
  return plans.map(({ name, folder }) => read(name, folder))
}

/** Whether an image stands in the cache already. */
export const isBuilt = (name: BuiltImage): boolean => existsSync(planOf(name).folder)

/** The Debian that an image stands on. */
export const debianOf = (name: BuiltImage): DebianWish => ({
  name,
  suite: 'trixie',
  packages: packagesOf(name),
  ...(speaksLanguages(name) ? { languages: true } : {}),
})

interface Plan {
  readonly name: BuiltImage
  /** Its folder in the cache: named by everything that goes into it. */
  readonly folder: string
}

function planOf(name: BuiltImage): Plan {
  const root = join(import.meta.dirname, '..', '..')
  const recipe = ['build', 'closure', 'context', 'materials', 'packages', 'programs'].map(
    (name) => `lab/images/${name}.ts`,
  )
  const hash = createHash('sha256').update(process.arch)
  for (const path of [...inputsOf(name), ...recipe, 'lab/debian/root.ts'].sort()) {
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)))
  }
  return {
    name,
    folder: join(dirname(cacheFolder()), 'images', `${name}-${hash.digest('hex').slice(0, 12)}`),
  }
}

function read(name: BuiltImage, folder: string): Built {
  const archive = join(folder, 'image.tar')
  const { digest } = Meta.parse(JSON.parse(readFileSync(join(folder, 'image.json'), 'utf8')))
  return { name, archive, materials: join(folder, 'materials.json'), digest, bytes: statSync(archive).size }
}

async function build(plans: readonly Plan[], progress: (line: string) => void): Promise<void> {
  // Of its own for each call: one process may build several at once.
  const name = `images-${process.pid}-${randomBytes(2).toString('hex')}`
  const { machine } = await up(MACHINE_ALONE, { name, ownerPid: process.pid, progress })
  try {
    for (const plan of plans) await buildOne(machine, plan, progress)
  } finally {
    await down(name)
  }
}

async function buildOne(machine: Machine, plan: Plan, progress: (line: string) => void): Promise<void> {
  const began = Date.now()
  const debian = await debianTar(debianOf(plan.name), progress)
  progress(`building the image ${plan.name}`)
  const context = join(machine.share, plan.name)
  mkdirSync(context)
  await layContext(plan.name, context, progress)
  const base = 'localhost/base:1'
  // Not `podman import`: that notes the time, and the digest of every image would change with it.
  await writeImage({ reference: base, layer: debian, entrypoint: [] }, join(machine.share, 'base-image.tar'))
  await machine.must(['podman', 'load', '--input=/share/base-image.tar'])
  const flags = [
    '--network=none',
    '--timestamp=0',
    '--no-cache',
    '--format=oci',
    // With the base: what a step removes of it is gone, and not only out of sight.
    '--squash-all',
  ]
  const args = [...flags, '--pull=never', `--build-arg=BASE=${base}`, `--tag=localhost/${plan.name}`]
  await machine.must(['podman', 'build', ...args, `/share/${plan.name}`])
  await machine.must([
    'podman',
    'save',
    '--format=oci-archive',
    '--output=/share/image.tar',
    `localhost/${plan.name}`,
  ])
  const index = await machine.must(['tar', '-xOf', '/share/image.tar', 'index.json'])
  const digest = z.object({ manifests: z.array(Meta) }).parse(JSON.parse(index)).manifests[0]?.digest ?? ''
  // Of the image, not of the base: a step may have removed packages.
  const reading = ['--rm', '--network=none', '--entrypoint=cat', `localhost/${plan.name}`]
  const status = await machine.must(['podman', 'run', ...reading, '/var/lib/dpkg/status'])
  const materials = billOfMaterials(plan.name, status, join(context, 'app'))
  store(plan, join(machine.share, 'image.tar'), digest, materials)
  rmSync(context, { recursive: true })
  rmSync(join(machine.share, 'base-image.tar'))
  progress(`built ${plan.name} in ${Math.round((Date.now() - began) / 1000)} s: ${digest}`)
}

const HASH = /^[0-9a-f]{12}(\.making-\d+)?$/

/** The folder appears with everything in it or not at all; earlier states of the image go. */
function store(plan: Plan, archive: string, digest: string, materials: string): void {
  const making = `${plan.folder}.making-${process.pid}`
  mkdirSync(making, { recursive: true })
  cpSync(archive, join(making, 'image.tar'))
  writeFileSync(join(making, 'image.json'), JSON.stringify({ digest }))
  writeFileSync(join(making, 'materials.json'), materials)
  for (const old of readdirSync(dirname(plan.folder))) {
    // Not by a mere beginning: `desktop-` begins the folders of `desktop-light` as well.
    const ours = old.startsWith(`${plan.name}-`) && HASH.test(old.slice(plan.name.length + 1))
    if (ours && old !== basename(making))
      rmSync(join(dirname(plan.folder), old), { recursive: true, force: true })
  }
  renameSync(making, plan.folder)
}
