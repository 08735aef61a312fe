import { Command } from 'commander'
import { IMAGES } from '../../config/images.ts'
import { ROOM_NAME } from '../room/command.ts'
import { pushImage } from '../room/registry.ts'
import { open } from '../room/room.ts'
import { buildImages } from './build.ts'
import { BUILT } from './context.ts'

/** `npm run images`: results on stdout, progress and complaints on stderr, exit code 1 when it did not work. */
const program = new Command('images')
  .description(
    'Builds the images of images/ without a registry, on a Debian made here, and keeps them with their bills of ' +
      'materials in the cache.',
  )
  .argument('[image...]', `which ones; default: all (${BUILT.join(', ')})`)
  .option('--push', 'put them into the registry of the running room as well, by release tag and by digest')
  .option('--name <name>', 'which room', ROOM_NAME)
  .action(async (asked: string[], { push, name: roomName }: { push?: boolean; name: string }) => {
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
