import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isAtHand } from '../binaries/locate.ts'
import { IN_ROOM } from '../delivery/deliver.ts'
import { BUNDLED_SETS, filesForPc, makeBundle, versionsOfBundle } from './bundle.ts'
import { isRelease, megabytes, PROGRAMS, RELEASES, type Release } from './contents.ts'
import { refuseFolder } from './folder.ts'
import { imagesOfRoom, readRoom } from './room.ts'

interface Options {
  readonly to: string
  readonly debian: readonly Release[]
  readonly packages: boolean
  readonly keepPackages?: boolean
  readonly images?: true
  readonly room?: string | true
  readonly dryRun?: true
}

const ALL = Object.keys(RELEASES).map(Number).filter(isRelease)

/** `npm run bundle`: what was made on stdout, progress and complaints on stderr, exit code 1 when it did not work. */
const program = new Command('bundle')
  .description(
    'Makes the folder by which installer/install.sh makes a bare PC a node, without registry, mirror or internet: programs, ' +
      "images, Debian's packages, and the installer itself, with their sums.",
  )
  .requiredOption('--to <folder>', 'where it is made, or brought up to date; a stick, for example')
  .addOption(
    new Option('--debian <releases>', 'whose packages it has, with commas between')
      .argParser(releases)
      .default(ALL, ALL.join(',')),
  )
  .option('--no-packages', "without Debian's packages: the PCs reach a mirror of their own")
  .option('--keep-packages', 'packages that are there already stay as they are, without a mirror')
  .option('--images', `with the images of ours too (${IN_ROOM.join(', ')}), for a registry without internet`)
  .option(
    '--room [file]',
    'with all that "install.sh init" begins a room with, by that cluster.yaml (default: the one of this repository)',
  )
  .option('--dry-run', 'say what would be in it, and make nothing')
  .action(async ({ to, debian, packages, keepPackages = false, images, room, dryRun }: Options) => {
    const path = resolve(to)
    const wish = {
      ...{ path, releases: packages ? debian : [], keepPackages, ours: images ? IN_ROOM : [] },
      ...(room
        ? { room: resolve(room === true ? join(import.meta.dirname, '../../cluster.yaml') : room) }
        : {}),
    }
    if (dryRun) return tellPlan(wish)
    const began = Date.now()
    const seconds = (): string => `${Math.round((Date.now() - began) / 1000)} s`.padStart(5)
    const { changed, files, bytes } = await makeBundle(wish, (line) => console.error(`${seconds()}  ${line}`))
    console.log(
      `${path}: ${files} files, ${megabytes(bytes)}, ${changed === 0 ? 'nothing changed' : 'whole'}`,
    )
    console.log(
      `on a PC: sh ${path}/repository/installer/install.sh ${room ? 'init' : 'join --answers FILE'}`,
    )
  })

function releases(text: string): Release[] {
  const numbers = text.split(',').map(Number)
  if (numbers.every(isRelease)) return numbers
  throw new InvalidArgumentError(`There are ${ALL.join(' and ')}.`)
}

async function tellPlan({ path, releases, ours, room }: Parameters<typeof makeBundle>[0]): Promise<void> {
  const { kubernetes, containerd } = versionsOfBundle()
  const missing = BUNDLED_SETS.filter((name) => !isAtHand(name))
  const count = Object.values(PROGRAMS).flat().length
  const rows = [
    [
      'bin/, cni/',
      `${count} programs: Kubernetes ${kubernetes}, containerd ${containerd}, network plugins`,
      missing.length > 0 ? `first fetched or built: ${missing.join(', ')}` : 'at hand',
    ],
    ['images/', "images of Kubernetes' own parts, made from the same programs", ''],
    ...releases.map((release) => [
      `packages/${release}/`,
      `what Debian ${release} has to give, with all that it depends on`,
      "from Debian's mirror",
    ]),
    ['repository/', `the installer: ${filesForPc().length} files`, ''],
    ...(ours.length > 0 ? [['registry/', `images of ours: ${ours.join(', ')}`, '']] : []),
    ...(room
      ? [
          ['registry/', `images of the room: ${imagesOfRoom(await readRoom(room)).join(', ')}`, ''],
          ['room/', 'its Git with dist/ in it, Argo CD, the network of pods', ''],
        ]
      : []),
    ['versions, SHA256SUMS', 'what it is of, and the sum of each file', ''],
  ]
  const refusal = refuseFolder(path)
  console.log(`In ${path} there would be:`)
  for (const [place = '', what, how] of rows)
    console.log(`  ${place.padEnd(22)}${what}${how ? ` (${how})` : ''}`)
  console.log(refusal ?? 'Nothing was made. The same without --dry-run makes it.')
  if (refusal !== undefined) process.exitCode = 1
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(`bundle: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
