import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { IMAGES } from '../../config/images.ts'
import { ROOM_NAME } from '../room/command.ts'
import { pushImage } from '../room/registry.ts'
import { open } from '../room/room.ts'
import { buildImages } from './build.ts'
import { BUILT, isImageFolder, layContext } from './context.ts'

interface Options {
  readonly push?: boolean
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
  console.log(`podman build --tag ${image} ${folder}`)
}

/** `npm run images`: results on stdout, progress and complaints on stderr, exit code 1 when it did not work. */
const program = new Command('images')
  .description(
    'Builds the images of images/ without a registry, on a Debian made here, and keeps them with their bills of ' +
      'materials in the cache.',
  )
  .argument('[image...]', `which ones; default: all (${BUILT.join(', ')})`)
  .option('--push', 'put them into the registry of the running room as well, by release tag and by digest')
  .option('--lay <folder>', 'build nothing; lay out what the Containerfile of that one image needs')
  .option('--name <name>', 'which room', ROOM_NAME)
  .action(async (asked: string[], { push, lay, name: roomName }: Options) => {
    if (lay !== undefined) return layOut(asked, lay)
    const unknown = asked.filter((name) => !BUILT.some((one) => one === name))
    if (unknown.length > 0)
      throw new Error(`there is no image ${unknown.join(', ')}: there are ${BUILT.join(', ')}`)
    const names = BUILT.filter((name) => asked.length === 0 || asked.includes(name))
    const room = push ? await open(roomName) : undefined
    if (push && !room)
      throw new Error(`no room "${roomName}" runs: npm run lab -- room up --name ${roomName}`)
    for (const image of await buildImages(names, console.error)) {
      const { name, digest, bytes, archive, materials } = image
      console.log(`${name}@${digest}  ${(bytes / 1e6).toFixed(0)} MB`)
      console.log(`  image      ${archive}\n  materials  ${materials}`)
      if (room) console.log(`  pushed     ${await pushImage(room.machine, image, IMAGES[name].tag)}`)
    }
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(`images: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
