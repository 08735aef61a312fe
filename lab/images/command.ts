import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { IMAGES } from '../../config/images.ts'
import { readCluster } from '../../config/read.ts'
import { releaseText } from '../../config/release.ts'
import { ROOM_NAME } from '../room/command.ts'
import { pushImage, REGISTRY } from '../room/registry.ts'
import { open } from '../room/room.ts'
import { buildImages } from './build.ts'
import { BUILT, isImageFolder, layContext } from './context.ts'
import { writeImagesOverlay } from './overlay.ts'

interface Options {
  readonly push?: boolean
  readonly overlay?: string
  readonly record?: string
  readonly lay?: string
  readonly name: string
}

/** For engines and distributions that are not at hand here. */
async function layOut(asked: readonly string[], folder: string): Promise<void> {
  const [image = ''] = asked
  if (asked.length !== 1 || !isImageFolder(image))
    throw new Error('--lay wants one image: a folder of images/')
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`)
  mkdirSync(folder, { recursive: true })
  await layContext(image, resolve(folder), console.error)
  console.log(`podman build --build-arg BASE=NAME@sha256:… --tag ${image} ${folder}`)
}

/** The registry of this checkout's `cluster.yaml`. */
function ownRegistry(): string {
  const file = join(import.meta.dirname, '..', '..', 'cluster.yaml')
  const cluster = readCluster({ name: 'cluster.yaml', text: readFileSync(file, 'utf8') })
  if (!cluster.ok) throw new Error('cluster.yaml has mistakes: see npm run plan')
  return cluster.value.registry
}

/** `npm run images`: results on stdout, progress and complaints on stderr, exit code 1 when it did not work. */
const program = new Command('images')
  .description(
    'Builds the images of images/ without a registry, on a Debian made here, and keeps them with their bills of ' +
      'materials in the cache.',
  )
  .argument('[image...]', `which ones; default: all (${BUILT.join(', ')})`)
  .option('--push', 'put them into the registry of the running room as well, by release tag and by digest')
  .option(
    '--overlay <file>',
    'write how dist/ names them by digest, to lay over cluster.yaml; default with --push: images.yaml of the room',
  )
  .option('--record <file>', 'write their digests as the record of a release (npm run release does)')
  .option('--lay <folder>', 'build nothing; lay out what the Containerfile of that one image needs')
  .option('--name <name>', 'which room', ROOM_NAME)
  .action(async (asked: string[], { push, lay, overlay, record, name: roomName }: Options) => {
    if (lay !== undefined) return layOut(asked, lay)
    const unknown = asked.filter((name) => !BUILT.some((one) => one === name))
    if (unknown.length > 0)
      throw new Error(`there is no image ${unknown.join(', ')}: there are ${BUILT.join(', ')}`)
    const names = BUILT.filter((name) => asked.length === 0 || asked.includes(name))
    if (record !== undefined && names.length < BUILT.length) throw new Error('a release has all images')
    const room = push ? await open(roomName) : undefined
    if (push && !room)
      throw new Error(`no room "${roomName}" runs: npm run lab -- room up --name ${roomName}`)
    const registry = room ? REGISTRY : ownRegistry()
    const built = await buildImages(names, console.error)
    for (const image of built) {
      const { name, digest, bytes, archive, materials } = image
      console.log(`${name}@${digest}  ${(bytes / 1e6).toFixed(0)} MB`)
      console.log(`  image      ${archive}\n  materials  ${materials}`)
      if (room) console.log(`  pushed     ${await pushImage(room.machine, image, IMAGES[name].tag)}`)
    }
    const file = overlay ?? (room && join(room.dir, 'images.yaml'))
    if (file !== undefined) {
      writeImagesOverlay(
        file,
        Object.fromEntries(built.map(({ name, digest }) => [name, `${registry}/${name}@${digest}`])),
      )
      console.log(`npm run synth -- --overlay ${file}`)
    }
    if (record !== undefined)
      writeFileSync(record, releaseText(Object.fromEntries(built.map(({ name, digest }) => [name, digest]))))
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(`images: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
