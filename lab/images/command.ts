import { Command } from 'commander'
import { BUILT, buildImages } from './build.ts'

/** `npm run images`: results on stdout, progress and complaints on stderr, exit code 1 when it did not work. */
const program = new Command('images')
  .description(
    'Builds the images of images/ without a registry, on a Debian made here, and keeps them with their bills of ' +
      'materials in the cache.',
  )
  .argument('[image...]', `which ones; default: all (${BUILT.join(', ')})`)
  .action(async (asked: string[]) => {
    const unknown = asked.filter((name) => !BUILT.some((one) => one === name))
    if (unknown.length > 0)
      throw new Error(`there is no image ${unknown.join(', ')}: there are ${BUILT.join(', ')}`)
    const names = BUILT.filter((name) => asked.length === 0 || asked.includes(name))
    for (const { name, digest, bytes, archive, materials } of await buildImages(names, console.error)) {
      console.log(`${name}@${digest}  ${(bytes / 1e6).toFixed(0)} MB`)
      console.log(`  image      ${archive}\n  materials  ${materials}`)
    }
  })

try {
  await program.parseAsync()
} catch (error) {
  console.error(`images: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
